"""From a Ledger to what people see: tables, pictures that move (svg) and pictures that stand still (figures)."""
