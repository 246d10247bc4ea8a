"""How good the model is: metrics, robustness, comparisons, plots and the report."""
