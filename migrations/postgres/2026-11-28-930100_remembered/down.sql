DROP TABLE remembered;
