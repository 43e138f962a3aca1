-- The roles and the database, created once by a superuser. compose.yaml does it when its PostgreSQL
-- starts for the first time.
--   OWNER_PASSWORD=… APP_PASSWORD=… psql -f config/roles.sql
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD

-- Owns the tables and migrates. No process that serves requests has its password.
create role groundwork_owner login password :'owner_password';

-- The API and the workers run as this role. `db:upgrade` grants it what they need, and no more.
create role groundwork_app login password :'app_password';

create database groundwork owner groundwork_owner;
revoke all on database groundwork from public;
grant connect on database groundwork to groundwork_app;
