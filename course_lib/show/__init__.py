"""From a Ledger to what people see: tables, the pictures of the cards (svg) and the charts of the lessons (figures)."""
