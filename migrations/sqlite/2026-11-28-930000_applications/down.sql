DROP TABLE written_files;
DROP TABLE applications;
DROP TABLE intakes;
