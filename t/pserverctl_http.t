#!/usr/bin/perl

# pserverctl against a server that answers what the test says: what it asks,
# what it prints, how it fails.  Against a real one it runs in the other
# suites.

use strict;
use warnings;

use Digest::SHA qw( sha256_hex );
use File::Temp qw( tempdir );
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw( decode_base64url );
use Test::More;

my $ctl = './build/bin/pserverctl';
my $dir = tempdir(CLEANUP => 1);

my $key = '0x' . '0' x 63 . '1';
my $address = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';

delete $ENV{$_} for qw( http_proxy https_proxy all_proxy HTTP_PROXY
    HTTPS_PROXY ALL_PROXY );

$ENV{PSERVER_KEY} = "$dir/key";
write_file("$dir/key", "$key\n");

my $listen = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1',
    ReuseAddr => 1) or die "listen: $!";

my $server = 'http://127.0.0.1:' . $listen->sockport;


sub read_file {
    my ($name) = @_;

    open my $f, '<:raw', $name or die "$name: $!";
    local $/;
    return scalar <$f>;
}

sub write_file {
    my ($name, $text) = @_;

    open my $f, '>:raw', $name or die "$name: $!";
    print $f $text;
    close $f;
}


# reads one request: method, uri, headers in lower case, body

sub receive {
    my ($client) = @_;
    my ($head, %headers) = '';

    while ($head !~ /\r\n\r\n$/) {
        sysread $client, my $byte, 1 or return;
        $head .= $byte;
    }

    my ($line, @lines) = split /\r\n/, $head;
    my ($method, $uri) = split / /, $line;

    for (@lines) {
        my ($name, $value) = /^([^:]+):\s*(.*)$/;
        $headers{lc $name} = $value;
    }

    my $body = '';

    while (length $body < ($headers{'content-length'} || 0)) {
        sysread $client, $body, 65536, length $body or last;
    }

    return { method => $method, uri => $uri, headers => \%headers,
             body => $body };
}


# ctl([ARGUMENT..], [STATUS, BODY]..): status, stdout, stderr, and the
# requests, each of which got one of the answers

sub ctl {
    my ($args, @answers) = @_;

    my $pid = fork;
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>', "$dir/err" or die;
        exec $ctl, @$args;
        exit 127;
    }

    my @requests;

    for (@answers) {
        my $ready = '';
        vec($ready, fileno $listen, 1) = 1;
        select($ready, undef, undef, 10) or last;

        my $client = $listen->accept;
        my ($status, $body) = @$_;

        push @requests, receive($client);

        print $client "HTTP/1.1 $status Any\r\nConnection: close\r\n",
            $status == 204 ? '' : 'Content-Length: ' . length($body) . "\r\n",
            "\r\n", $body;
        close $client;
    }

    waitpid $pid, 0;

    return ($? >> 8, read_file("$dir/out"), read_file("$dir/err"),
            @requests);
}

sub claims {
    my ($request) = @_;
    my ($text) = ($request->{headers}{authorization} || '')
        =~ /^Web3Signed ([\w-]+)\.0x[0-9a-f]{130}$/;

    return defined $text ? decode_json(decode_base64url($text)) : {};
}

sub same_claims {
    my ($request, $expected, $name) = @_;
    my $claims = claims($request);

    is_deeply({ map { $_ => $claims->{$_} } keys %$expected }, $expected,
              $name);
}


my ($status, $out, $err, @seen);


# data

write_file("$dir/export.json", '{"a":"' . 'x' x 300000 . '"}');

($status, $out, $err, @seen) = ctl(
    [ 'data', 'put', "$server/", 'demo.messages', "$dir/export.json" ],
    [ 201, '{"scope":"demo.messages","status":"stored"}' ]);

is($status, 0, 'put');
is($out, qq({"scope":"demo.messages","status":"stored"}\n), 'put: printed');
is($err, '', 'put: nothing on stderr');
is("$seen[0]{method} $seen[0]{uri}", 'POST /v1/data/demo.messages',
   'put: route');
is($seen[0]{body}, read_file("$dir/export.json"), 'put: body');
is($seen[0]{headers}{'content-type'}, 'application/json', 'put: type');
ok(!exists $seen[0]{headers}{expect}, 'put: no round trip more');
same_claims($seen[0], { aud => $server, method => 'POST',
    uri => '/v1/data/demo.messages',
    bodyHash => 'sha256:' . sha256_hex($seen[0]{body}) }, 'put: signed');
like(claims($seen[0])->{nonce}, qr/^[0-9a-f]{32}$/, 'put: a nonce');

(undef, undef, undef, @seen) = ctl(
    [ 'data', 'put', '--type', 'image/png', '--filename', 'a b.png',
      '--aud', 'https://me', $server, 'demo.image', 't/vectors/README.md' ],
    [ 201, '{}' ]);

is($seen[0]{headers}{'content-type'}, 'image/png', 'put: another type');
is($seen[0]{headers}{'x-filename'}, 'a b.png', 'put: name of the file');
same_claims($seen[0], { aud => 'https://me' }, 'put: for another origin');

($status, undef, $err) = ctl([ 'data', 'put', '--filename', "a\nX: b",
                               $server, 'demo.image', "$dir/key" ]);

is($status, 1, 'put: a name of two lines');
like($err, qr/X-Filename/, 'put: a name of two lines is said');

($status, $out, $err, @seen) = ctl(
    [ 'data', 'get', '--at', '2026-01-01T00:00:00Z', '--file-id', 'a&b',
      '--raw', '--grant-id', '7', $server, 'demo.messages' ],
    [ 200, "bytes\0and\nmore" ]);

is($status, 0, 'get');
is($out, "bytes\0and\nmore", 'get: as it is');
is($seen[0]{uri}, '/v1/data/demo.messages?at=2026-01-01T00%3A00%3A00Z'
    . '&fileId=a%26b&content=raw', 'get: escaped');
same_claims($seen[0], { method => 'GET', uri => '/v1/data/demo.messages',
    grantId => '7' }, 'get: signed without the query');
ok(!exists claims($seen[0])->{nonce}, 'get: no nonce');

umask 0;

($status, $out) = ctl([ 'data', 'get', $server, 'demo.messages',
                        "$dir/got" ], [ 200, 'secret' ]);

is("$status$out", '0', 'get: into a file');
is(read_file("$dir/got"), 'secret', 'get: the file');
is((stat "$dir/got")[2] & 07777, 0600, 'get: its mode');

(undef, undef, undef, @seen) = ctl([ 'data', 'get', $server, 'a?b/../c' ],
                                   [ 400, '{}' ]);

is($seen[0]{uri}, '/v1/data/a%3Fb%2F..%2Fc', 'get: a scope stays a scope');
same_claims($seen[0], { uri => $seen[0]{uri} }, 'get: signed as sent');

($status, $out, $err, @seen) = ctl(
    [ 'data', 'list', '--prefix', 'demo.', '--limit', 5, $server ],
    [ 200, '{"scopes":[]}' ]);

is("$status$out", qq(0{"scopes":[]}\n), 'list');
is($seen[0]{uri}, '/v1/data?scopePrefix=demo.&limit=5', 'list: query');

($status, $out, $err, @seen) = ctl([ 'data', 'delete', $server, 'a.b' ],
                                   [ 204, '' ]);

is("$status$out$err", '0', 'delete');
is("$seen[0]{method} $seen[0]{uri}", 'DELETE /v1/data/a.b', 'delete: route');


# refusals, in each form

for ([ 401, '{"error":{"code":401,"errorCode":"NOT_OWNER","message":"m"}}',
       '401 NOT_OWNER: m' ],
     [ 401, '{"error":{"code":401,"errorCode":"INVALID_SIGNATURE","message":'
           . '"m","details":{"reason":"URI mismatch"}}}',
       '401 INVALID_SIGNATURE: URI mismatch' ],
     [ 400, '{"error":"INVALID_SCOPE","message":"no\u001b[2Jscope"}',
       '400 INVALID_SCOPE: no?[2Jscope' ],
     [ 503, '{"detail":{"kind":"Error","detail":"d","error_code":'
           . '"BLOCKCHAIN_ERROR","field":null}}', '503 BLOCKCHAIN_ERROR: d' ],
     [ 422, '{"detail":[{"loc":["body","x"],"msg":"Field required","type":'
           . '"missing"}]}', '422 missing: Field required' ],
     [ 404, '{"detail":"none"}', '404: none' ],
     [ 502, '<html>Bad Gateway</html>', '502' ],
     [ 500, '', '500' ],
     [ 301, '', '301' ],
     [ 400, '{"detail":[]}', '400' ],
     [ 400, '[1]', '400' ])
{
    my ($code, $body, $expected) = @$_;

    ($status, $out, $err) = ctl([ 'data', 'get', $server, 'a.b' ],
                                [ $code, $body ]);

    is("$status$out", '1', "refused: $expected");
    is($err, "pserverctl: $server answered $expected\n", 'and why');
}


# operations

my @run = ('operation', 'run', '--permission-id', 7);

($status, $out, $err, @seen) = ctl(
    [ @run, '--operation', 'word_count', '--chain-id', 1480, $server ],
    [ 202, '{"kind":"OperationCreated","id":"abc","created_at":"t"}' ]);

is("$status$out$err", "0abc\n", 'run: the id');
is("$seen[0]{method} $seen[0]{uri}", 'POST /api/v1/operations',
   'run: route');

my $text = decode_json(decode_json($seen[0]{body})->{operation_request_json});

like(delete $text->{nonce}, qr/^[0-9a-f]{32}$/, 'run: a nonce');
ok(abs(delete($text->{exp}) - time - 300) < 10, 'run: five minutes');
is_deeply($text, { permission_id => 7, operation => 'word_count',
                   aud => $server, chain_id => 1480 }, 'run: the text');

(undef, undef, undef, @seen) = ctl(
    [ 'operation', 'run', '--text', '{"permission_id": 1024}', $server ],
    [ 202, '{"id":"abc"}' ]);

is(decode_json($seen[0]{body})->{operation_request_json},
   '{"permission_id": 1024}', 'run: a text as it is');

($status, $out, $err, @seen) = ctl(
    [ @run, '--wait', $server ],
    [ 202, '{"id":"a/b"}' ],
    [ 200, '{"status":"starting","result":null}' ],
    [ 503, '{}' ],
    [ 200, '{"status":"succeeded","result":{ "words" : [1, 2.50] }}' ]);

is("$status$out$err", qq(0{"words":[1,2.50]}\n), 'wait: the result');
is($seen[3]{uri}, '/api/v1/operations/a%2Fb', 'wait: route');
same_claims($seen[3], { method => 'GET', uri => $seen[3]{uri},
                        aud => $server }, 'wait: signed');

($status, $out, $err) = ctl([ @run, '--wait', $server ],
    [ 202, '{"id":"abc"}' ],
    [ 200, '{"status":"failed","result":{"error":{"reason":"oom",'
          . '"message":"too much"}}}' ]);

is("$status$out", '1', 'wait: failed');
is($err, "pserverctl: the operation failed: oom, too much\n", 'and why');

($status, $out, $err) = ctl([ @run, '--wait', $server ],
    [ 202, '{"id":"abc"}' ], [ 200, '{"status":"canceled","result":null}' ]);

is("$status$out$err", "1pserverctl: the operation canceled\n",
   'wait: canceled');

($status, $out, $err) = ctl([ @run, '--wait', '--timeout', 0, $server ],
    [ 202, '{"id":"abc"}' ], [ 200, '{"status":"processing"}' ]);

is("$status$out", '1', 'wait: not for ever');
like($err, qr/not ended within 0 s.*operation status .* abc\n/s,
     'and what to do');

($status, $out, $err) = ctl([ @run, $server ], [ 202, '{"x":1}' ]);

is($status, 1, 'run: no id');
like($err, qr/has no id/, 'and that is said');

($status, undef, $err) = ctl([ @run, $server ], [ 202, 'hello' ]);

like("$status$err", qr/^1.*not JSON/, 'run: not a Personal Server');

($status, $out, $err, @seen) = ctl([ 'operation', 'status', $server, 'abc' ],
                                   [ 200, '{"status":"processing"}' ]);

is("$status$out$err", qq(0{"status":"processing"}\n), 'status');

($status, $out, $err, @seen) = ctl([ 'operation', 'list', '--status', 'failed',
    '--offset', 2, $server ], [ 200, '{"operations":[]}' ]);

is("$status$out$err", qq(0{"operations":[]}\n), 'list');
is($seen[0]{uri}, '/api/v1/operations?status=failed&offset=2', 'list: route');
same_claims($seen[0], { method => 'GET', uri => '/api/v1/operations',
                        aud => $server }, 'list: signed, but the query');

($status, $out, $err, @seen) = ctl([ 'operation', 'cancel', $server, 'abc' ],
                                   [ 204, '' ]);

is("$status$out$err", '0', 'cancel');
is("$seen[0]{method} $seen[0]{uri} $seen[0]{body}",
   'POST /api/v1/operations/abc/cancel ', 'cancel: route');
is($seen[0]{headers}{'content-length'}, 0, 'cancel: no body');


# identity, log

my $identity = '{"kind":"Identity","personal_server":{"address":"0xAB",'
    . '"public_key":"0x04cd"}}';

($status, $out, $err, @seen) = ctl([ 'identity', $server, $address ],
                                   [ 200, $identity ]);

is("$status$out$err", "0address     0xAB\npublic key  0x04cd\n", 'identity');
is($seen[0]{uri}, "/api/v1/identity?address=$address", 'identity: route');
ok(!exists $seen[0]{headers}{authorization}, 'identity: not signed');

($status, $out) = ctl([ 'identity', '--json', $server, $address ],
                      [ 200, $identity ]);

is($out, "$identity\n", 'identity: as it is');

($status, undef, $err) = ctl([ 'identity', $server, '0x12' ]);

like("$status$err", qr/^2.*40 hex digits/, 'identity: no address');

($status, $out, $err, @seen) = ctl([ 'log', '--limit', 2, $server ],
    [ 200, encode_json({ logs => [
        { timestamp => '2026-01-01T00:00:00Z', action => 'read',
          scope => 'demo.messages', builder => $address, grantId => '7' },
        { timestamp => '2026-01-01T00:00:00Z', action => "de\e[1mny",
          scope => undef, builder => $address } ] }) ]);

is("$status$err", '0', 'log');
is($out, '2026-01-01T00:00:00Z      read        demo.messages'
    . "             $address  7\n"
    . '2026-01-01T00:00:00Z      de?[1mny    -' . ' ' x 25
    . "$address  -\n", 'log: lines');
is($seen[0]{uri}, '/v1/access-logs?limit=2', 'log: route');


# custody: the key is sealed to the server, and only to the one that the
# wallet has signed for

my ($ours, $others) = map { $_->{publicKey} }
    @{ decode_json(read_file('t/vectors/identity.json'))->{cases} };

sub custody {
    my ($key, $wrap, %more) = @_;

    return [ 200, encode_json({ custody => 'owner', chainId => 1480,
        state => $wrap ? 'locked' : 'unset', wrap => $wrap, expires => undef,
        server => { publicKey => $key }, %more }) ];
}

($status, $out, $err, @seen) = ctl(
    [ 'custody', 'init', '--save', "$dir/wrap", $server ],
    custody($ours), custody($ours, '0x00', state => 'locked'));

is("$status$err", "0locked\nWrite these words down. They open your data if "
    . "your wallet can't, and are not\nshown again:\n", 'custody init');
like($out, qr/^(?:[a-z]+ ){23}[a-z]+\n$/, 'init: the phrase');
is("$seen[1]{method} $seen[1]{uri}", 'PUT /v1/custody', 'init: route');

my $set = decode_json($seen[1]{body});

is(join(' ', sort keys %$set), 'key wrap', 'init: what is sent');
like($set->{key}, qr/^0x[0-9a-f]{322}$/, 'init: the box');
is(read_file("$dir/wrap"), "$set->{wrap}\n", 'init: saved');
is(sprintf('%o', (stat "$dir/wrap")[2] & 0777), '600', 'for its owner');

($status, $out, $err, @seen) = ctl(
    [ 'custody', 'init', '--save', "$dir/wrap", $server ], custody($ours));
like("$status$err", qr/^1.*nothing was changed/, 'init: not over a file');

($status, $out, $err, @seen) = ctl(
    [ 'custody', 'unlock', '--seconds', 60, $server ],
    custody($ours, $set->{wrap}),
    custody($ours, $set->{wrap}, state => 'unlocked', expires => 'later'));

is("$status$out$err", "0unlocked until later\n", 'custody unlock');
is("$seen[1]{method} $seen[1]{uri}", 'POST /v1/custody/unlock',
   'unlock: route');
is(decode_json($seen[1]{body})->{seconds}, 60, 'unlock: for how long');

for ([ 'another key of the server', custody($others, $set->{wrap}) ],
     [ 'another chain', custody($ours, $set->{wrap}, chainId => 1) ],
     [ 'another wrap', custody($ours,
         $set->{wrap} =~ s/^(0x.{200})(.)/$1 . ($2 eq '0' ? 1 : 0)/er) ])
{
    my ($name, $answer) = @$_;

    ($status, $out, $err, @seen) = ctl([ 'custody', 'unlock', $server ],
                                       $answer);
    like("$status$err", qr/^1.*does not open with this wallet/,
         "unlock: $name");
    is(scalar @seen, 1, 'and nothing is sent');
}

($status, $out, $err, @seen) = ctl(
    [ 'custody', 'unlock', '--aud', 'https://me.example.org', $server ],
    custody($ours, $set->{wrap}));
like("$status$err", qr/^1.*does not open/, 'unlock: another origin');

for ([ 'no wrap', custody($ours) ],
     [ 'half a wrap', custody($ours, '0x00') ],
     [ 'no key', custody('0x04') ],
     [ 'no answer of it', [ 200, '{}' ] ],
     [ 'no JSON', [ 200, 'hello' ] ])
{
    my ($name, $answer) = @$_;

    ($status, undef, undef, @seen) = ctl([ 'custody', 'rewrap', $server ],
                                         $answer);
    is("$status " . @seen, '1 1', "rewrap: $name");
}

($status, $out, $err, @seen) = ctl([ 'custody', 'lock', $server ],
                                   custody($ours, $set->{wrap}));
is("$status$out$err", "0locked\n", 'custody lock');
is("$seen[0]{method} $seen[0]{uri} $seen[0]{body}",
   'POST /v1/custody/lock ', 'lock: route');

($status, $out, $err, @seen) = ctl([ 'custody', 'status', $server ],
                                   custody($ours));
like("$status$err$out", qr/^0\{.*"unset".*\}\n$/, 'custody status');


# servers that are none

my $closed = 'http://127.0.0.1:1';

($status, $out, $err) = ctl([ 'log', $closed ]);

is("$status$out", '1', 'nobody there');
like($err, qr{^pserverctl: \Q$closed\E: .*connect}i, 'and that is said');

for my $url ('me.example.org', 'ftp://me', "$server/path", "$server/?a=b",
             'file:///etc/passwd')
{
    ($status, undef, $err) = ctl([ 'log', $url ]);
    like("$status$err", qr/^2.*SERVER is an origin/, "no server: $url");
}

done_testing();
