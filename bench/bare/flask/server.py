"""GET /api/v1/me in Flask with SQLAlchemy, with the duties of the server that it is compared with."""

import json
import logging
import os
import time
import urllib.request
import uuid
from urllib.error import HTTPError

import jwt
from flask import Flask, abort, g, jsonify, request
from jwt.algorithms import OKPAlgorithm
from sqlalchemy import Column, DateTime, Text, create_engine
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

OURS = os.environ["OURS"]
# gunicorn runs two of these processes, with five threads each.
POOL_SIZE = 5
OF_ONE_RESPONSE = {
    "content-type",
    "content-length",
    "date",
    "connection",
    "keep-alive",
    "x-request-id",
    "www-authenticate",
}

engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgres://", "postgresql://"), pool_size=POOL_SIZE, max_overflow=0
)
Session = scoped_session(sessionmaker(bind=engine))
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(UUID(as_uuid=False), primary_key=True)
    email = Column(Text)
    password_hash = Column(Text)
    first_name = Column(Text)
    last_name = Column(Text)
    role = Column(Text)
    status = Column(Text)
    email_verified_at = Column(DateTime(timezone=True))
    created_at = Column(DateTime(timezone=True))
    updated_at = Column(DateTime(timezone=True))


def read_key():
    with urllib.request.urlopen(f"{OURS}/.well-known/jwks.json") as response:
        return OKPAlgorithm.from_jwk(json.load(response)["keys"][0])


def read_headers():
    """Those that the compared server sends, but for what belongs to one response."""
    try:
        urllib.request.urlopen(f"{OURS}/api/v1/me")
    except HTTPError as refused:
        return [(name, value) for name, value in refused.headers.items() if name.lower() not in OF_ONE_RESPONSE]
    raise RuntimeError("a request without a token was not refused")


key = read_key()
headers = read_headers()
log = logging.getLogger("requests")
log.addHandler(logging.FileHandler(os.environ["LOG_FILE_PATH"]))
log.setLevel(logging.INFO)
app = Flask(__name__)


@app.before_request
def verify_token():
    g.started_at = time.perf_counter()
    g.request_id = str(uuid.uuid4())
    g.user_id = None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        abort(401)
    try:
        g.user_id = jwt.decode(token, key, algorithms=["EdDSA"], options={"verify_aud": False})["sub"]
    except jwt.InvalidTokenError:
        abort(401)


@app.after_request
def add_headers(response):
    for name, value in headers:
        response.headers[name] = value
    response.headers["X-Request-Id"] = g.request_id
    line = {
        "requestId": g.request_id,
        "method": request.method,
        "url": request.path,
        "status": response.status_code,
        "durationMs": round((time.perf_counter() - g.started_at) * 1000, 1),
        "ip": request.remote_addr,
        "userId": g.user_id,
    }
    log.info(json.dumps(line))
    return response


@app.teardown_appcontext
def end_session(_error):
    Session.remove()


def time_of(value):
    return value and value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@app.get("/api/v1/me")
def get_me():
    user = Session.get(User, g.user_id) or abort(404)
    return jsonify(
        id=user.id,
        email=user.email,
        firstName=user.first_name,
        lastName=user.last_name,
        role=user.role,
        status=user.status,
        emailVerifiedAt=time_of(user.email_verified_at),
        createdAt=time_of(user.created_at),
        updatedAt=time_of(user.updated_at),
    )
