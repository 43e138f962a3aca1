-- The roles and the database, created once by a superuser. compose.yaml does it when its PostgreSQL
-- starts for the first time.
--   OWNER_PASSWORD=… APP_PASSWORD=… psql -f config/roles.sql
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD

-- Owns the tables and migrates. No process that serves requests has its password.
create role app_owner login password :'owner_password';

-- The API and the workers run as this role. `db:upgrade` grants it what they need, and no more.
create role app_user login password :'app_password';

create database app owner app_owner;
revoke all on database app from public;
grant connect on database app to app_user;
