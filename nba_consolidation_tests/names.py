"""Names as they are written here and there, and the player_lookup that each amounts to."""

LOOKUPS = {
    "Luka Dončić": "lukadoncic", "Nikola Jokić": "nikolajokic", "Kristaps Porziņģis": "kristapsporzingis",
    "Dario Šarić": "dariosaric", "Vlatko Čančar": "vlatkocancar", "Dennis Schröder": "dennisschroder",
    "Jonas Valančiūnas": "jonasvalanciunas", "Jusuf Nurkić": "jusufnurkic", "NIKOLA VUČEVIĆ": "nikolavucevic",
    "Clint Capela": "clintcapela", "Alperen Şengün": "alperensengun", "Nikola Đurišić": "nikoladurisic",
    "Jaime Jaquez Jr.": "jaimejaquezjr", "Trey Murphy III": "treymurphyiii", "De'Aaron Fox": "deaaronfox",
    "Royce O\u2019Neale": "royceoneale", "Karl-Anthony Towns": "karlanthonytowns",
    "  P.J.  Washington ": "pjwashington",
    "İlkan Karaman": "ilkankaraman", "Luka Dončic\u0301": "lukadoncic", "lebronjames23": "lebronjames23",
    "Łukasz Øre": "lukaszore", "Æsgeir Groß": "aesgeirgross", "Đorđe Þórsson": "dordethorsson",
    "姚明": "姚明", " Йокич ": "йокич", "": "",
}  # fmt: skip
