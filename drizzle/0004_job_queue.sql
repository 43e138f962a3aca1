-- For the job queue where no Redis is: BullMQ makes its own tables in it, right after the migrations.
CREATE SCHEMA jobs;
