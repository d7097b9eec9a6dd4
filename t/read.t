use lib 't/lib';
use PServer;


# a read by an app: with a grant in the signed claims, unless it is undef

sub read_as {
    my ($wallet, $grant, $scope, $query, %headers) = @_;
    my $path = "/v1/data/$scope";

    return http('GET', $path . ($query || ''), {
        Authorization => web3signed($wallet, 'GET', $path, undef,
            defined $grant ? (grantId => "$grant") : ()), %headers });
}

sub store {
    my ($wallet, $scope, $text) = @_;

    return http('POST', "/v1/data/$scope",
        { Authorization => web3signed($wallet, 'POST', "/v1/data/$scope", $text),
          'Content-Type' => 'application/json' }, $text);
}

run_tests();

__DATA__

=== TEST 1: what a grant covers
--- script
is store('owner1', $_, qq({"of":"owner1","scope":"$_"}))->{status}, 201, $_
    for qw( demo.messages demo.other );
is store('owner2', $_, qq({"of":"owner2","scope":"$_"}))->{status}, 201, $_
    for qw( demo.messages demo.notes );

my $r = read_as('app1', permission('read'), 'demo.messages');

is $r->{status}, 200, 'status';
is_deeply $r->{json}{data}, { of => 'owner1', scope => 'demo.messages' }, 'data';
is $r->{headers}{'cache-control'}, 'private, no-store', 'no-store';

$r = read_as('app1', permission('read_all'), 'demo.other');
is $r->{json}{data}{scope}, 'demo.other', 'all scopes';

$r = read_as('app2', permission('read2'), 'demo.notes');
is $r->{json}{data}{of}, 'owner2', 'of another owner';

# the id in the query, in a header, in hex

my $id = permission('read');

is read_as('app1', undef, 'demo.messages', "?grantId=$id")->{status}, 200, 'query';
is read_as('app1', undef, 'demo.messages', '', 'X-PS-Grant-Id' => $id)->{status},
    200, 'header';
is read_as('app1', sprintf('0x%x', $id), 'demo.messages')->{status}, 200, 'hex';

# the sealed file is its owner's alone

$r = read_as('app1', $id, 'demo.messages', '?sealed',
    Accept => 'application/vnd.pserver.sealed');
is $r->{json}{data}{of}, 'owner1', 'an app gets the envelope all the same';

# what is signed is what counts

$r = read_as('app1', permission('read_expired'), 'demo.messages', "?grantId=$id");
is $r->{json}{error}{errorCode}, 'GRANT_EXPIRED', 'the claim comes first';


=== TEST 2: and what it does not
--- script
for (
    [ 'app1', undef,           'demo.messages', 403, 'GRANT_REQUIRED' ],
    [ 'app1', 'x',             'demo.messages', 403, 'GRANT_REQUIRED' ],
    [ 'app1', 999999,          'demo.messages', 403, 'GRANT_REQUIRED' ],
    [ 'app1', 'revoked',       'demo.messages', 403, 'GRANT_REVOKED' ],
    [ 'app1', 'read_expired',  'demo.messages', 403, 'GRANT_EXPIRED' ],
    [ 'app1', 'read',          'demo.other',    403, 'SCOPE_MISMATCH' ],
    [ 'app1', 'read2',         'demo.notes',    401, 'INVALID_SIGNATURE' ],
    [ 'app2', 'read',          'demo.messages', 401, 'INVALID_SIGNATURE' ],
    [ 'stranger', 'read',      'demo.messages', 401, 'UNREGISTERED_BUILDER' ],
    [ 'stranger', undef,       'demo.messages', 401, 'UNREGISTERED_BUILDER' ],
) {
    my ($wallet, $grant, $scope, $status, $code) = @$_;
    my $id = defined $grant && $grant =~ /^[a-w]/ ? permission($grant) : $grant;
    my $name = "$wallet, " . (defined $grant ? $grant : 'no grant') . ", $scope";

    my $r = read_as($wallet, $id, $scope);

    is $r->{status}, $status, $name;
    is $r->{json}{error}{errorCode}, $code, $code;
    unlike $r->{content}, qr/owner[12]/, 'no data';
}

# a grant for an operation opens no raw data

my $r = read_as('app1', permission('ok'), 'demo.messages');
is $r->{status}, 403, 'an operation\'s grant';

$r = read_as('app1', permission('read_all'), 'demo.notes');
is $r->{status}, 404, 'what only the other owner has';


=== TEST 3: ranges and conditions hold for apps, too
--- script
my $id = permission('read');
my $r = read_as('app1', $id, 'demo.messages');

is read_as('app1', $id, 'demo.messages', '',
    'If-None-Match' => $r->{headers}{etag})->{status}, 304, 'not modified';

my $part = read_as('app1', $id, 'demo.messages', '', Range => 'bytes=10-19');
is $part->{status}, 206, 'a range';
is $part->{content}, substr($r->{content}, 10, 10), 'its bytes';

$r = http('GET', '/v1/data/demo.messages/versions', { Authorization =>
    web3signed('app1', 'GET', '/v1/data/demo.messages/versions', undef,
        grantId => "$id") });
is $r->{status}, 200, 'its versions';
is $r->{json}{total}, 1, 'one';


=== TEST 4: no chain, no data
--- http_config eval: main::http_config(chain => '127.0.0.1:1')
--- error_log
connect() failed
--- script
my $r = read_as('app1', permission('read_all'), 'demo.third');
is $r->{status}, 503, 'unavailable';
ok $r->{headers}{'retry-after'}, 'Retry-After';

my $own = http('GET', '/v1/data/demo.messages', { Authorization =>
    web3signed('owner1', 'GET', '/v1/data/demo.messages') });
is $own->{status}, 200, 'the owner needs no chain';
