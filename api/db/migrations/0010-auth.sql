-- Accounts (people), their sessions, and the households they belong to.
--
-- better-auth reads and writes account, session, credential, verification and rate_limit through the
-- Drizzle tables in api/auth/tables.ts; its model "user" is our account, its model "account" our
-- credential. Household and membership are ours: better-auth never sees them.

create schema auth;

create table auth.account (
  id uuid primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null default false,
  image text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table auth.session (
  id uuid primary key,
  account_id uuid not null references auth.account (id) on delete cascade,
  token text not null unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index session_account on auth.session (account_id);

create table auth.credential (
  id uuid primary key,
  account_id uuid not null references auth.account (id) on delete cascade,
  provider_id text not null,
  provider_account_id text not null,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider_id, provider_account_id)
);
create index credential_account on auth.credential (account_id);

create table auth.verification (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index verification_identifier on auth.verification (identifier);

create table auth.rate_limit (
  id uuid primary key,
  key text not null unique,
  count integer not null,
  last_request bigint not null
);

-- The household is the user of the sync system: its id is the scope of every synced row.
create table auth.household (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_at timestamptz not null default now()
);

-- One household per account; several accounts may share one.
create table auth.membership (
  account_id uuid primary key references auth.account (id) on delete cascade,
  household_id uuid not null references auth.household (id),
  joined_at timestamptz not null default now()
);
create index membership_household on auth.membership (household_id);

-- Codes are kept as SHA-256, so that reading the table lets nobody in.
create table auth.household_invite (
  code_hash text primary key,
  household_id uuid not null references auth.household (id) on delete cascade,
  expires_at timestamptz not null
);

-- Signs session cookies. One row, shared by every API process on this database.
create table auth.secret (
  singleton boolean primary key default true check (singleton),
  value text not null
);

-- An account without a household cannot sync, so both are made by one statement: whoever inserts an
-- account gets the household in the same transaction, or neither.
create function auth.make_household() returns trigger language plpgsql as $$
declare
  made uuid;
begin
  insert into auth.household (name) values (new.name || '’s household') returning id into made;
  insert into auth.membership (account_id, household_id) values (new.id, made);
  return null;
end
$$;

create trigger make_household after insert on auth.account
  for each row execute function auth.make_household();
