use lib 't/lib';
use PServer;

# an application behind the gate, which shows what it was told

our $app = '127.0.0.1:' . port(7);

# longer than the proxy's buffers: it comes in pieces

our $page = Cwd::abs_path(__FILE__);
our $text = do { local (@ARGV, $/) = ($page); <> };

our $http = <<"END";
    pserver_zone pserver:1m;

    limit_req_zone \$pserver_address zone=wallets:1m rate=1r/m;

    server {
        listen $app;

        location /denied/ {
            error_page 403 =401 /page;
            deny all;
        }

        location = /page {
            internal;
            alias $page;
        }

        location / {
            add_header X-Got-Wallet \$http_x_wallet;
            add_header X-Got-Body   \$http_content_length always;
            return 200 "app \$request_method \$request_uri\\n";
        }

    }
END

# the gate alone needs no more than this

our $gate = 'pserver_origin ' . origin() . ";\n" . <<"END";

        location /gate/ {
            pserver_auth required;
            proxy_set_header X-Wallet \$pserver_address;
            proxy_pass http://$app;
        }

        location /open/ {
            pserver_auth optional;
            proxy_set_header X-Wallet \$pserver_address;
            proxy_pass http://$app;
        }

        location /paged/ {
            pserver_auth required;
            error_page 401 /login;
            proxy_pass http://$app;
        }

        location = /login {
            add_header X-Reason \$pserver_error always;
            default_type text/plain;
            alias /etc/hostname;
        }

        location /any/ {
            satisfy any;
            allow all;
            pserver_auth required;
            proxy_pass http://$app;
        }

        location /any/denied/ {
            satisfy any;
            allow all;
            pserver_auth required;
            proxy_buffer_size 1k;
            proxy_buffers 4 1k;
            proxy_busy_buffers_size 2k;
            proxy_pass http://$app/denied/;
        }

        location /limited/ {
            limit_req zone=wallets;
            limit_req_status 429;
            pserver_auth required;
            proxy_pass http://$app;
        }

        location = /ping { return 204; }
END

run_tests();

__DATA__

=== TEST 1: without a header the gate says what is missing
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /gate/x
--- error_code: 401
--- response_headers eval
"Content-Type: application/json\nWWW-Authenticate: Web3Signed realm=\"" . ::origin() . '"'
--- response_body chomp
{"error":{"code":401,"errorCode":"MISSING_AUTH","message":"Missing authentication"}}


=== TEST 2: a signature opens it, and the application is told who it is
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /gate/x?a=1
--- more_headers eval
::signed('app1', 'GET', '/gate/x')
--- error_code: 200
--- response_headers eval
'X-Got-Wallet: ' . lc ::wallet('app1')->{address}
--- response_body
app GET /gate/x?a=1


=== TEST 3: the path is compared as it was sent
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /gate/%78
--- more_headers eval
::signed('app1', 'GET', '/gate/x')
--- error_code: 401
--- response_body_like: ^\{"error":\{"code":401,"errorCode":"INVALID_SIGNATURE","message":"[^"]+","details":\{"reason":"URI mismatch"\}\}\}$


=== TEST 4: another audience
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /gate/x
--- more_headers eval
::signed('app1', 'GET', '/gate/x', undef, aud => 'https://elsewhere.example')
--- error_code: 401
--- response_body_like: "reason":"Audience mismatch"


=== TEST 5: a header of another scheme is not one of ours
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /gate/x
--- more_headers
Authorization: Bearer eyJh
--- error_code: 401
--- response_body_like: "reason":"Missing Web3Signed prefix"


=== TEST 6: the body is what was signed
--- http_config eval: $::http
--- config eval: $::gate
--- request
POST /gate/x
hello
--- more_headers eval
::signed('app1', 'POST', '/gate/x', 'hello')
--- error_code: 200
--- response_headers
X-Got-Body: 5
--- response_body
app POST /gate/x


=== TEST 7: another body does not reach the application
--- http_config eval: $::http
--- config eval: $::gate
--- request
POST /gate/x
hellO
--- more_headers eval
::signed('app1', 'POST', '/gate/x', 'hello')
--- error_code: 401
--- response_headers
! X-Got-Body
--- response_body_like: "reason":"Body hash mismatch"


=== TEST 8: a body of no announced length
--- http_config eval: $::http
--- config eval: $::gate
--- raw_request eval
"POST /gate/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\n" . ::signed('app1', 'POST', '/gate/x', 'hello')
. "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
--- error_code: 200
--- response_headers
X-Got-Body: 5


=== TEST 9: nor can one that is larger than the buffer
--- http_config eval: $::http
--- config eval: $::gate
--- request eval
"POST /gate/x\n" . 'x' x 20000
--- more_headers eval
::signed('app1', 'POST', '/gate/x', 'x' x 20000)
--- error_code: 413


=== TEST 10: an optional gate lets the unknown in
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /open/x
--- error_code: 200
--- response_headers
! X-Got-Wallet
--- response_body
app GET /open/x


=== TEST 11: but not who shows a bad signature
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /open/x
--- more_headers eval
::signed('app1', 'GET', '/gate/x')
--- error_code: 401
--- response_body_like: "reason":"URI mismatch"


=== TEST 12: error_page shows the operator's page, and the reason is kept
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /paged/x
--- error_code: 401
--- response_headers
X-Reason: MISSING_AUTH
Content-Type: text/plain


=== TEST 13: satisfy any
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /any/x
--- error_code: 200
--- response_body
app GET /any/x


=== TEST 14: limit_req counts by wallet, before the access phase
--- http_config eval: $::http
--- config eval: $::gate
--- script
my $get = sub {
    http('GET', '/limited/x',
        { Authorization => ::web3signed($_[0], 'GET', '/limited/x') })->{status};
};

is($get->('app1'), 200, 'the first of app1');
is($get->('app1'), 429, 'the second of app1');
is($get->('app2'), 200, 'the first of app2');


=== TEST 15: keepalive: each request is verified by itself
--- http_config eval: $::http
--- config eval: $::gate
--- pipelined_requests eval
["GET /gate/x", "GET /gate/x", "GET /gate/y"]
--- more_headers eval
::signed('app1', 'GET', '/gate/x')
--- error_code eval
[200, 200, 401]


=== TEST 16: data: a bad scope shows before the signature on a read
--- request
GET /v1/data/nodots
--- error_code: 400
--- response_headers
Access-Control-Allow-Origin: *
--- response_body chomp
{"error":"INVALID_SCOPE","message":"A scope is 2 or 3 segments joined by dots"}


=== TEST 17: data: and after it on a write
--- request
POST /v1/data/nodots
{}
--- error_code: 401
--- response_body_like: "errorCode":"MISSING_AUTH"


=== TEST 18: data: a signed write with a bad scope
--- request
POST /v1/data/nodots
{}
--- more_headers eval
::signed('owner1', 'POST', '/v1/data/nodots', '{}')
--- error_code: 400
--- response_body_like: "INVALID_SCOPE"


=== TEST 19: data: the owner's routes are the owner's
--- request
POST /v1/data/demo.messages
{}
--- more_headers eval
::signed('app1', 'POST', '/v1/data/demo.messages', '{}')
--- error_code: 401
--- response_body_like: "errorCode":"NOT_OWNER"


=== TEST 20: data: an unserved owner is nobody here
--- request
GET /v1/access-logs
--- more_headers eval
::signed('owner3', 'GET', '/v1/access-logs')
--- error_code: 401
--- response_body_like: "errorCode":"NOT_OWNER"


=== TEST 21: data: no such route
--- request
GET /v1/nothing
--- error_code: 404
--- response_body chomp
{"error":"NOT_FOUND","message":"no such route"}


=== TEST 22: data: no such method
--- request
PUT /v1/data/demo.messages
{}
--- error_code: 405


=== TEST 23: data: preflight needs no signature
--- request
OPTIONS /v1/data/demo.messages
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: *
Access-Control-Allow-Headers: Content-Type, Authorization
Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS
Access-Control-Max-Age: 86400


=== TEST 24: an expired token
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /gate/x
--- more_headers eval
::signed('app1', 'GET', '/gate/x', undef, iat => time - 500, exp => time - 61)
--- error_code: 401
--- response_body_like: "errorCode":"EXPIRED_TOKEN"


=== TEST 25: a token that lives too long
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /gate/x
--- more_headers eval
::signed('app1', 'GET', '/gate/x', undef, iat => time, exp => time + 3601)
--- error_code: 401
--- response_body_like: "reason":"Lifetime too long"


=== TEST 26: satisfy any: what the application refuses is its own
--- http_config eval: $::http
--- config eval: $::gate
--- request
GET /any/denied/x
--- error_code: 401
--- response_body eval: $::text


=== TEST 27: an address verified in one place is not taken for another
--- http_config eval: $::http
--- config eval
"pserver_origin https://elsewhere.example;\n"
. "set \$wallet \$pserver_address;\n"
. "location /gate/ {\n"
. "    pserver_origin " . ::origin() . ";\n"
. "    pserver_auth required;\n"
. "    proxy_pass http://$::app;\n"
. "}\n"
. "location = /ping { return 204; }\n"
--- request
GET /gate/x
--- more_headers eval
::signed('app1', 'GET', '/gate/x', undef, aud => 'https://elsewhere.example')
--- error_code: 401
--- response_body_like: "reason":"Audience mismatch"


=== TEST 28: the address of a wallet needs no zone
--- http_config
--- config eval
"pserver_origin " . ::origin() . ";\n"
. "location = /who { return 200 \$pserver_address; }\n"
. "location = /ping { return 204; }\n"
--- request
GET /who
--- more_headers eval
::signed('app1', 'GET', '/who')
--- error_code: 200
--- response_body eval: lc ::wallet('app1')->{address}
