DROP TABLE person_links;
DROP TABLE previous_secrets;
DROP TABLE breakers;
