# workers: 4

use lib 't/lib';
use PServer;
use PServer::Elsewhere;

# Grant files from where they may be: IPFS in one block and in several, and
# https:// hosts that are listed.

our $tls = port(8);
our $files = https_dir();

elsewhere_start();

our $http = http_config(more => https_host());

our $listed = config(https_location('private=on', "grants.test:$tls",
    "gone.test:1", "other.test:$tls", "nowhere.invalid:$tls"));
our $locked = config(https_location('private=on', "grants.test:$tls"),
    pserver_custody => 'owner');
our $public = config(https_location('private=off', "grants.test:$tls"));

# a gateway that knows no CARs

our $raw = http_config(gateway => '127.0.0.1:' . port(7), more => <<"END");
    server {
        listen 127.0.0.1:@{[ port(7) ]};

        location /ipfs/ {
            root @{[ test_dir() ]};

            if (\$arg_format = car) {
                return 406;
            }
        }
    }
END

# the text of a grant to read everything

sub text {
    return json({ grantee => wallet('app1')->{address},
        operation => 'data_read',
        parameters => { scopes => [ '*' ], note => shift || '' } });
}

sub permission_for {
    my ($url, $owner) = @_;

    return chain('add-permission', $owner || 'owner1',
        fixtures()->{grantees}{app1}, $url)->{permissionId};
}

# "200" or "502 FILE_ACCESS_ERROR"

sub get {
    my $id = shift;
    my $uri = '/v1/data/demo.messages';
    my $answer = http('GET', $uri, { Authorization =>
        web3signed('app1', 'GET', $uri, undef, grantId => "$id") });
    my $error = $answer->{json} && $answer->{json}{error};

    return join ' ', $answer->{status}, $error ? $error->{errorCode} : ();
}

sub put {
    my $uri = '/v1/data/demo.messages';

    return http('POST', $uri, { Authorization =>
        web3signed('owner1', 'POST', $uri, '{}'),
        'Content-Type' => 'application/json' }, '{}')->{status};
}

run_tests();

__DATA__

=== TEST 1: a file of several blocks, and what is none
--- http_config eval: $::http
--- script
is(put(), 201, 'stored');

my ($cid, $car) = car(text('several blocks'));
my $folder = test_dir() . '/ipfs';

spew("$folder/$cid", $car);
is(get(permission_for("ipfs://$cid")), '200', 'out of a CAR');

($cid, $car) = car(text('one byte is another'));
substr($car, -3, 1) ^= "\x01";
spew("$folder/$cid", $car);

my $id = permission_for("ipfs://$cid");
is(get($id), '502 FILE_ACCESS_ERROR', 'another byte');

substr($car, -3, 1) ^= "\x01";
spew("$folder/$cid", substr $car, 0, -1);
is(get($id), '502 FILE_ACCESS_ERROR', 'cut short');

spew("$folder/$cid", $car);
is(get($id), '200',
    'what could not be had is asked for again');
--- error_log
is not what its CID names



=== TEST 2: a gateway without CARs
--- http_config eval: $::raw
--- script
my ($cid, $car) = car(text('one block'));

# a dag-pb file of one block, which is the fixtures' form as well
is(get(permission('read')), '200', 'one block');
is(get(permission_for("ipfs://$cid")), '502 FILE_ACCESS_ERROR', 'several');
--- error_log
could not be fetched, status



=== TEST 3: https:// hosts that are listed
--- http_config eval: $::http
--- config eval: $::listed
--- script
spew("$::files/grant.json", text());
spew("$::files/moved.json", text());
spew("$::files/large.json", text('x' x 65536));

my $base = "https://grants.test:$::tls";
my $id = permission_for("$base/grant.json?x=/");

is(get($id), '200', 'fetched');
is(get(permission_for("https://GRANTS.test:$::tls/grant.json")), '200',
    'a host has no case');

for ([ 'a redirect', "$base/moved" ],
     [ 'not there', "$base/none" ],
     [ 'over the limit', "$base/large.json" ],
     [ 'not a listed port', 'https://grants.test/grant.json' ],
     [ 'not a listed host', "https://grants.test.test:$::tls/grant.json" ],
     [ 'user information', "https://x\@grants.test:$::tls/grant.json" ],
     [ 'an address', "https://127.0.0.1:$::tls/grant.json" ],
     [ 'not https', "http://grants.test:$::tls/grant.json" ],
     [ 'the certificate of another', "https://other.test:$::tls/grant.json" ],
     [ 'nobody listens', 'https://gone.test:1/grant.json' ],
     [ 'no such name', "https://nowhere.invalid:$::tls/grant.json" ])
{
    my ($name, $url) = @$_;

    is(get(permission_for($url)), '502 FILE_ACCESS_ERROR', $name);
}

is(get(permission_for("$base/host")), '403 SCOPE_MISMATCH',
    'an answer that is no grant');

# the owner agreed to one file behind this URL, at first sight

$V{pinned} = $id;
spew("$::files/grant.json", text('more'));
is(get($id), '200', 'not looked at again at once');
--- error_log
could not be fetched



=== TEST 4: and after a restart: another content, the same again, nothing
--- http_config eval: $::http
--- config eval: $::listed
--- script
is(get($V{pinned}), '403 GRANT_REVOKED', 'another content');
is(get(permission_for("https://grants.test:$::tls/grant.json?x=/")), '200',
    'which is good for another permission');

spew("$::files/grant.json", text());
is(get($V{pinned}), '200', 'the same again');
unlink "$::files/grant.json";
--- error_log
not what it was when it was first seen



=== TEST 5: a host that is gone does not take back what it gave
--- http_config eval: $::http
--- config eval: $::listed
--- script
is(get($V{pinned}), '200', 'as it was pinned');



=== TEST 6: a name that leads inside
--- http_config eval: $::http
--- config eval: $::public
--- script
spew("$::files/grant.json", text());

is(get(permission_for("https://grants.test:$::tls/grant.json")),
    '502 FILE_ACCESS_ERROR', 'not asked');
--- error_log
its host has no public address



=== TEST 7: a stranger's URL is not asked for
--- http_config eval: $::http
--- config eval: $::listed
--- script
is(get(permission_for("https://grants.test:$::tls/grant.json?stranger",
    'owner3')), '502 FILE_ACCESS_ERROR', 'an owner who is not served');

my $log = do { local (@ARGV, $/) = "$::files.log"; <> };
like($log, qr{/grant\.json}, 'there is a log');
unlike($log, qr/stranger/, 'and no request in it');



=== TEST 8: what it was at first sight is sealed, too
--- http_config eval: $::http
--- config eval: $::locked
--- script
is(get(permission_for("https://grants.test:$::tls/grant.json")),
    '423 LOCKED', 'a read');

my $app = wallet('app1')->{address};

spew("$::files/run.json", json({ grantee => $app, operation => 'word_count',
    parameters => {} }));

my $id = chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
    "https://grants.test:$::tls/run.json", file_id('messages'))->{permissionId};
my $answer = http('POST', '/api/v1/operations',
    { 'Content-Type' => 'application/json' },
    operation('app1', { permission_id => $id }));

is($answer->{status}, 423, 'an operation') or diag($answer->{content});
is($answer->{json}{detail}{error_code}, 'LOCKED_ERROR', 'code');
