DROP TABLE receipt_chain;
DROP TABLE receipts;
