"""The surrogate model and its SHAP values."""
