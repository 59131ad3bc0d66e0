#!/usr/bin/env python3
"""An authorization server for tests, on loopback: HTTP, and HTTPS whose certificate nobody trusts; tokens without a signature.

    token-server.py

Writes one line of JSON: the ports. Ends, and takes its files along, when its standard input is closed. The client is orders/orders-secret; its tokens have the claims sub and exp. Paths of the endpoint:

    /token        gives tokens for 60 s, or for as long as ?lifetime= says
    /text         the same, with expires_in as a text
    /claim        the same, without expires_in
    /echo         refuses, and says back all that it was sent
    /error        fails with status 500
    /garbage      answers with something else
    /redirect     points to /token
    /slow         never answers
    /requests     how many requests there have been, by path
"""
import base64, collections, http.server, json, os, shutil, ssl, subprocess, sys, tempfile, threading, time
import urllib.parse

CLIENT = ("orders", "orders-secret")
requests = collections.Counter()
ended = threading.Event()


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificate(folder):
    """A certificate for this machine that it has signed itself, and its key."""
    certificate, key = os.path.join(folder, "server.pem"), os.path.join(folder, "server.key")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate)
    return certificate, key


def unsecured(claims):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return f"{part({'alg': 'none'})}.{part(claims)}."


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, dict(requests))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        url, form = urllib.parse.urlsplit(self.path), dict(urllib.parse.parse_qsl(body))
        requests[url.path] += 1
        if url.path == "/slow":
            ended.wait()
        elif url.path == "/error":
            self.answer(500, b"out of order")
        elif url.path == "/garbage":
            self.answer(200, b"<html>welcome</html>")
        elif url.path == "/redirect":
            self.answer(302, {}, [("Location", "/token")])
        elif url.path == "/echo":
            self.answer(400, {"error": "invalid_request", "error_description": f"{self.headers.get('Authorization')}\n{body}"})
        elif url.path in ("/token", "/text", "/claim"):
            self.give(url.path, dict(urllib.parse.parse_qsl(url.query)), form)
        else:
            self.answer(404, {})

    def give(self, path, query, form):
        if form.get("grant_type") != "client_credentials":
            self.answer(400, {"error": "unsupported_grant_type"})
        elif self.client(form) != CLIENT:
            self.answer(401, {"error": "invalid_client", "error_description": "client or secret is wrong"})
        else:
            lifetime = float(query.get("lifetime", 60))
            claims = {"sub": query.get("sub", CLIENT[0]), "iat": time.time() - 1, "exp": time.time() + lifetime}
            claims.update((name, form[name]) for name in ("scope", "audience") if name in form)
            answer = {"access_token": unsecured(claims), "token_type": "Bearer"}
            if path != "/claim":
                answer["expires_in"] = str(lifetime) if path == "/text" else lifetime
            self.answer(200, answer)

    def client(self, form):
        header = self.headers.get("Authorization", "")
        if not header.startswith("Basic "):
            return form.get("client_id"), form.get("client_secret")
        name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        return name, secret


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that does not trust us, or that has gone away


def serve(certificate=None, key=None):
    server = Server(("127.0.0.1", 0), Endpoint)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake is made on the connection's own thread.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


folder = tempfile.mkdtemp(prefix="token-server-")
try:
    print(json.dumps({"port": serve(), "untrustedPort": serve(*make_certificate(folder))}), flush=True)
    sys.stdin.read()
finally:
    ended.set()
    shutil.rmtree(folder, ignore_errors=True)
