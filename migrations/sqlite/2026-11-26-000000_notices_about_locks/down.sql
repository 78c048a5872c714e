DROP TABLE notice_lock;
