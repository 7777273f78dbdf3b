DROP TABLE previous_secrets;
DROP TABLE breakers;
