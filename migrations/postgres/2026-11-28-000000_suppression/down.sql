DROP TABLE suppression;
