"""Prints how many states each model has, and a counterexample for each protection that is taken out."""

from nba_consolidation_tests.protocol.cases import LARGE_MODELS, MODELS, WITHOUT
from nba_consolidation_tests.protocol.checker import explore, number_line

for name, model in [*MODELS.items(), *LARGE_MODELS.items()]:
    print(number_line(name, explore(model)), flush=True)
for name, (model, _) in WITHOUT.items():
    print(f"\n{name}\n\n{explore(model).text}")
