"""What a consolidation costs, beside the bare insert that is its limit and beside other ways to do the job."""
