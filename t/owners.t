# Two owners on one server: by every route one tries to reach what the other
# has, and finds nothing, changes nothing, and learns nothing of it.

use lib 't/lib';
use PServer;
use PServer::Jobs;

our $export = example('export.json');

# a request of an owner, or of an app under a grant

sub as {
    my ($wallet, $method, $uri, %more) = @_;
    my $body = delete $more{body};
    my $query = delete $more{query} || '';

    return http($method, $uri . $query, { 'Content-Type' =>
        'application/json', Authorization => web3signed($wallet, $method,
        $uri, $body, %more) }, $body);
}

run_tests();

__DATA__

=== TEST 1: data
--- script
is(store_data('owner1', 'demo.messages', $::export)->{status}, 201,
    'owner1 has one scope');
is(store_data('owner2', 'demo.notes', $::export)->{status}, 201,
    'owner2 another');

my $uri = '/v1/data/demo.messages';

is(::as('owner2', 'GET', $uri)->{status}, 404, 'not read');
is(::as('owner2', 'HEAD', $uri)->{status}, 404, 'not by HEAD');
is(::as('owner2', 'GET', $uri, query => "?$_")->{status}, 404, "not by $_")
    for 'fileId=1', 'content=raw', 'at=2100-01-01T00:00:00Z',
        'owner=' . wallet('owner1')->{address};

my $versions = ::as('owner2', 'GET', "$uri/versions")->{json};
is($versions->{total}, 0, 'no versions');

my $list = ::as('owner2', 'GET', '/v1/data')->{json};
is_deeply([ map { $_->{scope} } @{ $list->{scopes} } ], [ 'demo.notes' ],
    'not in a list');

is(::as('owner2', 'DELETE', $uri)->{status}, 204, 'deletes its own, if any');
is(::as('owner1', 'GET', $uri)->{status}, 200, 'the other\'s is there');

is(store_data('owner2', 'demo.messages', '{"mine":2}')->{status}, 201,
    'writes its own');
is(::as('owner1', 'GET', $uri)->{json}{data}{mine}, undef,
    'the other\'s is as it was');
is(::as('owner2', 'DELETE', $uri)->{status}, 204, 'and deletes it');
is(::as('owner1', 'GET', $uri)->{status}, 200, 'the other\'s is still there');



=== TEST 2: grants
--- script
my $uri = '/v1/data/demo.messages';

# an owner under the grant of another is an app: it is not the grantee

my $r = ::as('owner2', 'GET', $uri, grantId => '' . permission('read'));
isnt($r->{status}, 200, 'an owner uses no grant of another');

# each app's grant leads to the owner who gave it

is(::as('app2', 'GET', '/v1/data/demo.notes',
    grantId => '' . permission('read2'))->{status}, 200, 'owner2\'s notes');
isnt(::as('app2', 'GET', $uri, grantId => '' . permission('read2'))
    ->{status}, 200, 'not owner1\'s messages');
isnt(::as('app1', 'GET', '/v1/data/demo.notes',
    grantId => '' . permission('read_all'))->{status}, 200,
    'not owner2\'s notes under a grant for all of owner1');

my $check = '/api/v1/permissions/' . permission('ok') . '/check';
my $body = json({ app => wallet('app1')->{address} });

$r = ::as('owner2', 'POST', $check, body => $body);
is($r->{status}, 403, 'no explanation of another\'s permission');
unlike($r->{content}, qr/grant_url|facts/, 'and no fact');



=== TEST 3: operations and what they left
--- script
my $a = start_job('app1', fresh('ok'));
is($a->{status}, 202, 'accepted');

my $id = $a->{json}{id};
is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');

my $none = status_of('stranger', $id)->{content};

for my $wallet (qw( owner2 app2 )) {
    my $s = status_of($wallet, $id);

    is($s->{status}, 404, "$wallet: no status");
    is($s->{content}, $none, "$wallet: is told what a stranger is");
    is(cancel_job($wallet, $id)->{status}, 404, "$wallet: no cancel");

    my $text = qq({"operation_id":"$id"});
    my $signed = json({ operation_id => $id,
        signature => sign_text($wallet, $text) });
    my %json = ('Content-Type' => 'application/json');

    is(http('POST', "/api/v1/artifacts/$id/list", { %json }, $signed)
        ->{status}, 404, "$wallet: no list of artifacts");
    is(http('POST', '/api/v1/artifacts/download', { %json }, json({
        operation_id => $id, artifact_path => 'result.json',
        signature => sign_text($wallet, $text) }))->{status}, 404,
        "$wallet: no artifact");
}

is(status_of('owner1', $id)->{status}, 200, 'its owner sees it');

# a file on chain whose URL is another owner's data is looked up in the
# grantor's own folder

is(start_job('app1', { permission_id => permission('other_owner_url') })
    ->{status}, 404, 'a URL of another owner\'s data');



=== TEST 4: the log
--- script
my ($one, $two) = map { ::as($_, 'GET', '/v1/access-logs', query =>
    '?limit=200')->{json} } qw( owner1 owner2 );

cmp_ok($one->{total}, '>', 0, 'owner1 has entries');
cmp_ok($two->{total}, '>', 0, 'owner2 has some');
is((grep { ($_->{scope} || '') eq 'demo.notes' } @{ $one->{logs} }), 0,
    'owner1 sees nothing of owner2\'s scope');
is((grep { lc($_->{builder} || '') eq lc wallet('app1')->{address} }
    @{ $two->{logs} }), 0, 'owner2 sees nothing of owner1\'s app');

my %seen = map { $_->{logId} => 1 } @{ $one->{logs} };
is((grep { $seen{$_->{logId}} } @{ $two->{logs} }), 0, 'none is in both');



=== TEST 5: keys
--- script
my %keys = map {
    my $r = http('GET', '/api/v1/identity?address=' . wallet($_)->{address});
    $r->{json}{personal_server}{public_key} => 1;
} qw( owner1 owner2 owner3 );

is(scalar keys %keys, 3, 'a server key each');

my @folders = glob state_dir() . '/store/owners/*';
is(scalar @folders, 2, 'a folder each, and none of a stranger');
