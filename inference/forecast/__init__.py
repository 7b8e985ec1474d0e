"""The oil-price exemplar: questions with a product and a day in, forecasts out."""
