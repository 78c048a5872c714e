DROP INDEX appointment_told_late;
