# workers: 4

use lib 't/lib';
use PServer;
use PServer::Elsewhere;
use PServer::Jobs;
use PServer::Node;
use PServer::Store;

use File::Temp qw( tempdir );
use MIME::Base64 qw( decode_base64 );
use Time::HiRes qw( sleep );

# Input from elsewhere: encrypted files on IPFS and on https:// hosts, whose
# key their owner has left on chain for this server.

our $tls = port(8);
our $base = "https://grants.test:$tls";
our $tmp = tempdir(CLEANUP => 1);

elsewhere_start();

our $http = http_config(more => https_host());

# a chain node that fails where it is told to

node_start(port(7), port(5));

our $node = http_config(chain => '127.0.0.1:' . port(7),
    more => https_host());

# what operations see comes out of "test_data"

sub with {
    return config(https_location('private=on', "grants.test:$tls",
        "gone.test:1"), pserver_operation => offers('test_data'), @_);
}

our $usual = with();

# how often a path was asked for at the https:// host

sub asked {
    my $path = shift;
    my $log = https_dir() . '.log';

    return scalar grep { m{GET \Q$path\E[ ?]} }
        -e $log ? do { local @ARGV = $log; <> } : ();
}

# who the server is for an owner

sub identity {
    my $owner = wallet(shift)->{address};

    return http('GET', "/api/v1/identity?address=$owner")->{json}
        {personal_server};
}

# a file as pserverctl makes it: (message, box); its passphrase is "secret"

my $n = 0;

sub encrypted {
    my ($content, $owner) = @_;
    my $to = "$tmp/" . ++$n;

    spew("$tmp/plain", $content);
    spew("$tmp/passphrase", "secret\n");

    my $box = `build/bin/pserverctl encrypt --output $to \\
        --for @{[ identity($owner || 'owner1')->{public_key} ]} \\
        --passphrase $tmp/passphrase $tmp/plain`;
    chomp $box;

    return (scalar slurp($to), $box);
}

# a file of owner1's behind a URL, with a key or without: its id

sub registered {
    my ($url, $box) = @_;
    my $id = chain('add-file', 'owner1', $url)->{fileId};

    chain('add-file-permission', 'owner1', $id,
        identity('owner1')->{address}, $box) if defined $box;

    return $id;
}

# a permission for these files, with filters

sub permitted {
    my ($filters, @ids) = @_;
    my $grant = put_ipfs(json({ grantee => wallet('app1')->{address},
        operation => 'word_count',
        parameters => $filters ? { filters => $filters } : {} }));

    return chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
        $grant, @ids)->{permissionId};
}

# what the operation saw: { path => content }, or why it did not run

sub seen {
    my $a = start_job('app1', fresh(shift));

    return "$a->{status} $a->{json}{detail}{error_code}: "
        . $a->{json}{detail}{detail} if $a->{status} != 202;

    return seen_by($a->{json}{id});
}

# the files of owner1 that are kept

sub kept {
    my @files = glob owner_dir('owner1') . '/inputs/*';

    return @files;
}

sub forget { unlink kept() }

our $away = "502 FILE_ACCESS_ERROR: A file can't be had at the moment";
our $closed = '500 DECRYPTION_ERROR: The data does not open';
our $large = '400 VALIDATION_ERROR: The data is more than the operation takes';

our $text = '{"messages": [{"text": "one"}, {"text": "two"}],'
    . ' "secret": "plaintext to be found"}';

run_tests();

__DATA__

=== TEST 1: a file on IPFS, of one block and of several
--- http_config eval: $::http
--- config eval: $::usual
--- script
my ($message, $box) = encrypted($::text);
my $url = put_ipfs($message);
my $id = registered($url, $box);
my $permission = $V{permission} = permitted(undef, $id);

is_deeply(seen($permission), { "data/$id.json" => $::text }, 'one block');
is(scalar kept(), 1, 'it is kept');

($V{cid}) = $url =~ m{//(.*)};
unlink test_dir() . "/ipfs/$V{cid}" or die;
is_deeply(seen($permission), { "data/$id.json" => $::text },
    'and needs no gateway any more');

# no JSON, longer than a chunk, in parts of a CAR

my $long = join '', map { "line $_\n" } 1 .. 20000;
($message, $box) = encrypted($long);
$id = registered(put_car($message, 4000), $box);
$V{long} = $permission = permitted(undef, $id);

is_deeply(seen($permission), { "data/$id.bin" => $long }, 'several');

# an empty one

($message, $box) = encrypted('');
$id = registered(put_ipfs($message), $box);
is_deeply(seen(permitted(undef, $id)), { "data/$id.bin" => '' }, 'empty');

my $store = state_dir() . '/store';
is(`grep -rlF -e 'plaintext to be found' -e 'line 19999' -e 'secret' $store`,
    '', 'nothing of it stands on the disk');
is(`grep -rlF 'plaintext to be found' @{[ server_root() ]}`, '',
    'nor in a log or temporary file');



=== TEST 2: what is kept is worth nothing when it was changed
--- http_config eval: $::http
--- config eval: $::usual
--- script
my ($file) = sort { -s $b <=> -s $a } kept();
my $sealed = slurp($file);

substr($sealed, length($sealed) / 2, 1) ^= "\x01";
spew($file, $sealed);
like((values %{ seen($V{long}) })[0], qr/\Aline 1\n.*line 20000\n\z/s,
    'fetched again');
isnt(slurp($file), $sealed, 'and kept again');

my $another = (grep { $_ ne $file } kept())[0];
spew($another, slurp($file));
like((values %{ seen($V{long}) })[0], qr/\Aline 1\n/, 'the right one');

forget();
is(seen($V{permission}), $::away, 'and what is gone is gone');



=== TEST 3: an https:// host
--- http_config eval: $::http
--- config eval: $::usual
--- script
my ($message, $box) = encrypted('[1]');
spew(https_dir() . '/file.pgp', $message);
spew(https_dir() . '/moved.json', $message);

my $id = registered("$::base/file.pgp?x=/", $box);
my $permission = $V{https} = permitted(undef, $id);

is_deeply(seen($permission), { "data/$id.bin" => '[1]' }, 'fetched');
is(asked('/file.pgp'), 1, 'once');

for ([ 'a redirect', "$::base/moved" ],
     [ 'not there', "$::base/none" ],
     [ 'nobody listens', 'https://gone.test:1/file.pgp' ])
{
    my ($name, $url) = @$_;
    is(seen(permitted(undef, registered($url, $box))), $::away, $name);
}

for ([ 'not listed', "https://grants.test.test:$::tls/file.pgp" ],
     [ 'another port', 'https://grants.test/file.pgp' ],
     [ 'an address', "https://127.0.0.1:$::tls/file.pgp" ],
     [ 'no https', "http://grants.test:$::tls/file.pgp" ],
     [ 'a file', 'file:///etc/passwd' ],
     [ 'a location', "/_https/file.pgp" ],
     [ 'a CID that is none', 'ipfs://../file' ])
{
    my ($name, $url) = @$_;
    is(seen(permitted(undef, registered($url))),
        '404 NOT_FOUND_ERROR: The data is not here', $name);
}



=== TEST 4: it is what it was for a while, then what it is
--- http_config eval: $::http
--- config eval: $::usual
--- script
($V{message}) = encrypted('[2]');
spew(https_dir() . '/file.pgp', $V{message});
is((values %{ seen($V{https}) })[0], '[1]', 'not asked for again yet');



=== TEST 5: after a while
--- http_config eval: $::http
--- config eval: ::with(pserver_inputs => 'valid=1s')
--- script
sleep 1.2;
is((values %{ seen($V{https}) })[0], '[2]', 'the new one');

# who has the host can't make one

spew(https_dir() . '/file.pgp', "\0" . $V{message});
sleep 1.2;
is(seen($V{https}), $::closed, 'another');

unlink https_dir() . '/file.pgp';
is(seen($V{https}), $::away, 'none');
--- error_log
it is no OpenPGP message



=== TEST 6: keys
--- http_config eval: $::http
--- config eval: $::usual
--- script
my ($message, $box) = encrypted($::text);
my $url = put_ipfs($message);

is(seen(permitted(undef, registered($url))),
    '500 DECRYPTION_ERROR: A file has no key for this server', 'none');

# given since: there is no waiting

my $id = registered($url);
my $permission = permitted(undef, $id);
like(seen($permission), qr/no key/, 'none yet');
chain('add-file-permission', 'owner1', $id, identity('owner1')->{address},
    "0x$box");
is_deeply(seen($permission), { "data/$id.json" => $::text }, 'now there is');

my (undef, $other) = encrypted($::text, 'owner2');
is(seen(permitted(undef, registered($url, $other))), $::closed,
    'for the server of another owner');
is(seen(permitted(undef, registered($url, 'ab' x 4000))), $::closed,
    'a long one');

substr($box, -1) =~ tr/0-9a-f/1-9a-f0/;
is(seen(permitted(undef, registered($url, $box))), $::closed, 'changed');
--- error_log
its key on chain does not open with the server's
it has no key on chain for the server of its owner



=== TEST 7: files that are made to do harm
--- http_config eval: $::http
--- config eval: ::with(pserver_inputs => 'file=8k')
--- script
my ($message, $box) = encrypted('x' x 8192);
my $run = sub { seen(permitted(undef, registered(put_ipfs(shift), $box))) };

$V{large} = permitted(undef, registered(put_ipfs($message), $box));
is((values %{ seen($V{large}) })[0], 'x' x 8192, 'as large as may be');
is($run->((encrypted('x' x 8193))[0]), $::large, 'one byte more');
is($run->('x' x 65536), $::large, 'more than is read');

# in a CAR, which is more than the file

my $car = put_car((encrypted('x' x 30000))[0], 500);
is(seen(permitted(undef, registered($car, $box))), $::large, 'in parts');

substr($message, 100, 1) ^= "\x01";
is($run->($message), $::closed, 'a byte is another one');
is($run->(''), $::closed, 'nothing');

# t/unit/openpgp_test.c has more of them

my ($bare) = grep { $_->{result} eq 'unprotected' }
    @{ json(slurp('t/vectors/openpgp-tools.json'))->{messages} };

is($run->(decode_base64($bare->{message})), $::closed, $bare->{name});

is(scalar(grep { -s > 20000 } kept()), 0, 'nothing of it is kept');
--- error_log
without integrity protection
of another passphrase, or was changed
it is too large



=== TEST 8: one that is kept, and too large for another operation
--- http_config eval: $::http
--- config eval
::with(pserver_operation => offers('test_data', input => '100'))
--- script
my $n = kept();
is(seen($V{large}), $::large, 'too large');
is(scalar kept(), $n, 'and still kept');



=== TEST 9: filters, and files from here and there
--- http_config eval: $::http
--- config eval: $::usual
--- script
my ($message, $box) = encrypted($::text);
my $id = registered(put_ipfs($message), $box);
my $own = file_id('messages');

is(store_data('owner1', 'demo.messages', '{"own":1}')->{status}, 201,
    'stored');

is_deeply(seen(permitted({ $id => '$.messages[*].text' }, $own, $id)),
    { "data/$id.json" => '["one","two"]', "data/$own.json" => '{"own":1}' },
    'both');

($message, $box) = encrypted('no JSON');
$id = registered(put_ipfs($message), $box);
is(seen(permitted({ $id => '$' }, $id)),
    "400 VALIDATION_ERROR_FILTERS: The grant's filters can't be applied",
    'a filter for what is no JSON');



=== TEST 10: without permission nothing is fetched
--- http_config eval: $::http
--- config eval: $::usual
--- script
my ($message, $box) = encrypted($::text);
spew(https_dir() . '/revoked.pgp', $message);

my $permission = permitted(undef, registered("$::base/revoked.pgp", $box));
chain('revoke', 'owner1', $permission);

like(seen($permission), qr/^403 /, 'revoked');
is(asked('/revoked.pgp'), 0, 'not asked for');



=== TEST 11: what is kept has a bound
--- http_config eval: $::http
--- config eval: ::with(pserver_inputs => 'size=120k')
--- script
forget();

my @permissions = map {
    my ($message, $box) = encrypted($_ x 40000);
    permitted(undef, registered(put_ipfs($message), $box));
} 'a' .. 'c';

my $size = sub { my $n = 0; $n += -s $_ for kept(); $n };

for my $i (0, 1, 0, 2) {
    like((values %{ seen($permissions[$i]) })[0], qr/\A([abc])\1{39999}\z/,
        'as it is');
    cmp_ok($size->(), '<=', 120 * 1024, 'within the bound');
    $V{first} = (kept())[0] if $i == 0 && !$V{first};
}

is(scalar kept(), 2, 'as many as fit');
ok(-e $V{first}, 'what was used lately stays');



=== TEST 12: between the request and its start
--- http_config eval: $::http
--- config eval: ::with(pserver_inputs => 'size=1')
--- script
my ($message, $box) = encrypted($::text);
my $file = https_dir() . '/late.pgp';
spew($file, $message);

my $id = registered("$::base/late.pgp", $box);
my $permission = permitted(undef, $id);

is_deeply(seen($permission), { "data/$id.json" => $::text }, 'twice fetched');
is(asked('/late.pgp'), 2, 'since it is not kept');
is(scalar kept(), 0, 'nothing is');

# canceled while the file comes, for the second time; another worker sees that
# within a second

($message, $box) = encrypted('x' x 120000);
spew(https_dir() . '/large.pgp', $message);

my $a = start_job('app1', fresh(permitted(undef,
    registered("$::base/slow/large.pgp", $box))));
is($a->{status}, 202, 'accepted');
is(cancel_job('app1', $a->{json}{id})->{status}, 204, 'canceled');
is(finish('app1', $a->{json}{id})->{json}{status}, 'canceled', 'before it is there');

# accepted, while the file is there; then it is not

($message, $box) = encrypted('x' x 30000);
spew(https_dir() . '/gone.pgp', $message);

$id = registered("$::base/slow/gone.pgp", $box);
$a = start_job('app1', fresh(permitted(undef, $id)));
is($a->{status}, 202, 'accepted');
wait_for { asked('/slow/gone.pgp') };
unlink https_dir() . '/gone.pgp';

# nginx has it open for the second time, or has not: then there is a third

my $seen = seen_by($a->{json}{id});
ok(ref $seen || $seen eq 'failed input', 'it ran, or failed for its input');



=== TEST 13: many at a time: one fetch for each worker
--- http_config eval: $::http
--- config eval: $::usual
--- script
my ($message, $box) = encrypted('x' x 30000);
spew(https_dir() . '/many.pgp', $message);

my $permission = permitted(undef,
    registered("$::base/slow/many.pgp", $box));
my @sockets = map {
    my $body = operation('app1', fresh($permission));
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => port());
    print $socket "POST /api/v1/operations HTTP/1.1\r\nHost: x\r\n",
        "Connection: close\r\nContent-Length: ", length $body,
        "\r\n\r\n", $body;
    $socket;
} 1 .. 12;

my @answers = map { local $/; <$_> } @sockets;

is(scalar(grep { m{^HTTP/1.1 202 } } @answers), 12, 'all are accepted');
cmp_ok(asked('/slow/many.pgp'), '<=', workers(), 'once in each worker');

for (@answers) {
    my ($id) = /"id":"(\w+)"/;
    cancel_job('app1', $id);
}



=== TEST 14: the chain can't be asked for a key
--- http_config eval: $::node
--- config eval: $::usual
--- script
my ($message, $box) = encrypted($::text);
my $permission = permitted(undef, registered(put_ipfs($message), $box));

node_mode('error', 'key');
is(seen($permission), "503 BLOCKCHAIN_ERROR: The blockchain can't be asked"
    . ' at the moment', 'no answer');

node_mode('');
is((values %{ seen($permission) })[0], $::text, 'an answer');



=== TEST 15: where they are not taken
--- http_config eval: $::http
--- config eval: ::with(pserver_inputs => 'off')
--- script
is(seen($V{https}), '404 NOT_FOUND_ERROR: The data is not here', 'off');



=== TEST 16: what the directive takes
--- http_config eval: $::http
--- config eval: ::with(pserver_inputs => 'file=257m')
--- must_die
--- error_log
invalid parameter "file=257m"



