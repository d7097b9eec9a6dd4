# Two owners on one server: by every route one tries to reach what the other
# has, and finds nothing, changes nothing, and learns nothing of it.  The last
# block knows the routes from the source: a new one without a try fails.

use lib 't/lib';
use PServer;
use PServer::Custody;
use PServer::Elsewhere;
use PServer::Jobs;
use PServer::Store;

our $export = example('export.json');

# a request of an owner, or of an app under a grant

sub as {
    my ($wallet, $method, $uri, %more) = @_;
    my $body = delete $more{body};
    my $query = delete $more{query} || '';

    # two of the same within a second would be one

    $more{nonce} ||= 'as' . ++$V{as};

    return http($method, $uri . $query, { 'Content-Type' =>
        'application/json', Authorization => web3signed($wallet, $method,
        $uri, $body, %more) }, $body);
}

# the routes that were tried, by the functions that serve them

our %tried;

sub tries { $tried{$_} = 1 for @_ }

# the routes of the two tables in the source

sub routes {
    return map {
        my $source = slurp(root_dir()
            . "/ngx_http_pserver_module/http/ngx_http_pserver_$_.c");
        my ($table) = $source =~ /_routes\[\] = \{(.*?)^\};/ms;

        $table =~ /ngx_http_pserver_(\w+)(?=\s*(?:,\s*\d|\}))/g;
    } qw( data compute );
}

# an operation of an app by a text with a header more

sub start_with {
    my ($app, $request, %headers) = @_;

    return http('POST', '/api/v1/operations',
        { 'Content-Type' => 'application/json', %headers },
        operation($app, $request));
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

tries(qw( store_get store_put store_delete store_list store_versions ));

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

tries(qw( permission_explain ));

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
tries(qw( operation_create operation_status operation_proof operation_cancel
    operations artifact_list artifact_download ));

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

    my $proof = "/api/v1/operations/$id/proof";
    is(::as($wallet, 'GET', $proof, query => $_)->{status}, 404,
        "$wallet: no proof $_") for '', '?entry=0', '?entry=1';

    for my $query ('', '?status=succeeded', '?limit=1000&offset=0') {
        my $list = ::as($wallet, 'GET', '/api/v1/operations',
            query => $query);

        is($list->{json}{total}, 0, "$wallet: none in a list $query");
        unlike($list->{content}, qr/$id/, "$wallet: nor its id");
    }

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
is(::as('owner1', 'GET', '/api/v1/operations')->{json}{total}, 1,
    'and in its list');

# a file on chain whose URL is another owner's data is looked up in the
# grantor's own folder

is(start_job('app1', { permission_id => permission('other_owner_url') })
    ->{status}, 404, 'a URL of another owner\'s data');

# a file of another owner, by its id

is(start_job('app1', { permission_id => permission($_) })->{status}, 403, $_)
    for qw( foreign_file mixed_files );



=== TEST 4: the log
--- script
tries(qw( audit_access_logs ));

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
tries(qw( identity_handler capabilities health_handler ));

my %keys = map {
    my $r = http('GET', '/api/v1/identity?address=' . wallet($_)->{address});
    $r->{json}{personal_server}{public_key} => 1;
} qw( owner1 owner2 owner3 );

is(scalar keys %keys, 3, 'a server key each');

my @folders = glob state_dir() . '/store/owners/*';
is(scalar @folders, 2, 'a folder each, and none of a stranger');

for my $uri ('/health', '/api/v1/capabilities') {
    my $r = http('GET', $uri);

    is($r->{status}, 200, "$uri is for anyone");
    unlike($r->{content}, qr/@{[ join '|', map { substr wallet($_)->{address},
        2 } qw( owner1 owner2 app1 ) ]}/i, 'and says nothing of the owners');
}



=== TEST 6: the sealed file
--- script
my $uri = '/v1/data/demo.messages';
my $sealed = { Accept => 'application/vnd.pserver.sealed' };
my $ask = sub {
    my ($wallet, %claims) = @_;
    my $r = http('GET', $uri, { %$sealed, Authorization =>
        web3signed($wallet, 'GET', $uri, undef, %claims) });

    return "$r->{status} $r->{headers}{'content-type'}";
};

is($ask->('owner1'), '200 application/vnd.pserver.sealed', 'its owner');
is($ask->('owner2'), '404 application/json', 'another owner');
isnt((split ' ', $ask->('app2', grantId => '' . permission('read2')))[0], 200,
    'an app of another owner');
isnt((split ' ', $ask->('owner2', grantId => '' . permission('read')))[0],
    200, 'under another\'s grant');



=== TEST 7: answers that come later, and keys that repeat
--- script
# one app for two owners: what it had from one is no answer from the other

my $both = chain('add-permission', 'owner2', fixtures()->{grantees}{app1},
    'ipfs://' . fixtures()->{permissions}{ok}{cid},
    file_id('notes'))->{permissionId};

my %key = ('Idempotency-Key' => '"owners"');
my $one = fresh('ok');
my $first = start_with('app1', $one, %key, Prefer => 'wait=30');

is($first->{json}{status}, 'succeeded', 'of owner1, awaited');
like($first->{content}, qr/"receipt"/, 'with its receipt');

my $id = $first->{json}{id};
my $other = start_with('app1', fresh($both), %key, Prefer => 'wait=30');

is($other->{status}, 422, 'the same key, of owner2');
unlike($other->{content}, qr/$id|"result":\{/, 'nothing of the first');

# a key is the app's own

$other = start_with('app2', fresh('ok2'), %key, Prefer => 'wait=30');
is($other->{json}{status}, 'succeeded', 'another app\'s key');
isnt($other->{json}{id}, $id, 'is another operation');
unlike($other->{content}, qr/$id/, 'and knows nothing of the first');
is(status_of('owner1', $other->{json}{id})->{status}, 404,
    'which is not owner1\'s');

# nobody waits for what is another's, or has its text repeated

for my $app (qw( app2 owner2 )) {
    my $r = start_with($app, $one, Prefer => 'wait=30');

    is($r->{status}, 401, "$app: the same request in its name");
    unlike($r->{content}, qr/$id/, "$app: no id");

    my $uri = "/api/v1/operations/$id";
    $r = http('GET', $uri, { Prefer => 'wait=1',
        Authorization => web3signed($app, 'GET', $uri) });
    is($r->{status}, 404, "$app: waits for nothing");
}

# a change is the signer's own: the same claims of another are another change

my $post = sub {
    my $r = http('POST', '/v1/data/demo.once', { 'Content-Type' =>
        'application/json', Authorization => web3signed(shift, 'POST',
        '/v1/data/demo.once', '{"n":1}', iat => $V{iat} ||= time,
        exp => $V{iat} + 100, nonce => 'one') }, '{"n":1}');
    return $r->{status};
};

is($post->($_), 201, "$_ stores") for qw( owner1 owner2 owner1 owner2 );

for my $owner (qw( owner1 owner2 )) {
    is(::as($owner, 'GET', '/v1/data/demo.once/versions')->{json}{total}, 1,
        "$owner: once");
    is(::as($owner, 'DELETE', '/v1/data/demo.once')->{status}, 204,
        'deleted');
}



=== TEST 8: input from elsewhere
--- config eval: config(pserver_operation => offers('test_data'))
--- script
# owner2 registers what owner1 has, with the box that owner1 has left there

my $key = http('GET', '/api/v1/identity?address='
    . wallet('owner1')->{address})->{json}{personal_server}{public_key};
my $dir = state_dir();

spew("$dir/plain", '{"of":"owner1"}');
spew("$dir/passphrase", "secret\n");

my $command = join ' ', root_dir() . '/build/bin/pserverctl', 'encrypt',
    '--output', "$dir/message", '--for', $key, '--passphrase',
    "$dir/passphrase", "$dir/plain";

chomp(my $box = `$command`);

my $url = put_ipfs(scalar slurp("$dir/message"));
my %permission = map {
    my $id = chain('add-file', $_, $url)->{fileId};
    my $server = http('GET', '/api/v1/identity?address='
        . wallet($_)->{address})->{json}{personal_server}{address};

    chain('add-file-permission', $_, $id, $server, $box);

    $_ => chain('add-permission', $_, fixtures()->{grantees}{app1},
        'ipfs://' . fixtures()->{permissions}{ok}{cid}, $id)->{permissionId};
} qw( owner1 owner2 );

my $a = start_job('app1', fresh($permission{owner1}));
my $seen = seen_by($a->{json}{id});

like(join('', values %$seen), qr/owner1/, 'it opens for owner1')
    or diag(json($seen));

$a = start_job('app1', fresh($permission{owner2}));
is("$a->{status} $a->{json}{detail}{error_code}", '500 DECRYPTION_ERROR',
    'not for owner2');



=== TEST 9: a quota is each owner's own
--- config eval
config(pserver_quota => '1m')
--- script
my $store = sub {
    my ($owner, $scope, $size) = @_;
    return store_data($owner, $scope, '{"x":"' . 'x' x $size . '"}');
};

is($store->('owner3', 'demo.fill', 1_000_000)->{status}, 401,
    'who is not served has none');

my ($n, $r) = (0);

do { $r = $store->('owner2', 'demo.fill' . ++$n, 300_000) }
    while $r->{status} == 201 && $n < 10;

is($r->{json}{error}, 'QUOTA_EXCEEDED', 'owner2 is full')
    or diag($r->{content});
is($store->('owner1', 'demo.more', 1000)->{status}, 201, 'owner1 is not');



=== TEST 10: another data key
--- config eval: config(pserver_engine => undef, pserver_operation => undef)
--- script
is(store_data($_, 'demo.keys', '{"text":"a"}')->{status}, 201, "$_ has some")
    for qw( owner1 owner2 );

tries(qw( keys_state keys_renew ));

my $newest = sub { ::as(shift, 'GET', '/v1/keys')->{json}{generation} };
my ($one, $two) = map { $newest->($_) } qw( owner1 owner2 );

my $r = ::as('owner2', 'PUT', '/v1/keys/' . ($two + 1), body => '');
is($r->{status}, 201, 'owner2 makes one');
is($newest->('owner2'), $two + 1, 'and has it');
is($newest->('owner1'), $one, 'owner1 has none more');
is(::as('owner1', 'GET', '/v1/data/demo.keys')->{json}{data}{text}, 'a',
    'and reads');

for my $wallet (qw( app1 stranger )) {
    cmp_ok(::as($wallet, 'GET', '/v1/keys')->{status}, '>=', 401,
        "$wallet sees none");
    cmp_ok(::as($wallet, 'PUT', '/v1/keys/' . ($one + 1), body => '')
        ->{status}, '>=', 401, "$wallet makes none");
}

is($newest->('owner1'), $one, 'still none');



=== TEST 11: custody
--- config eval: config(pserver_custody => 'owner max=2h')
--- script
tries(qw( custody_state custody_set custody_unlock custody_lock ));

is((custody($_, 'init'))[0], 0, "$_ brings a key") for qw( owner1 owner2 );
is((custody('owner1', 'unlock'))[0], 0, 'owner1 unlocks');

my ($one, $two) = map { custody_state($_) } qw( owner1 owner2 );
my $key = custody_key('owner1');
my $read = sub { ::as('owner1', 'GET', '/v1/data/demo.messages')->{status} };

is($two->{state}, 'locked', 'owner2 is as it was');
isnt($two->{wrap}, $one->{wrap}, 'owner2 has another wrap');
isnt($two->{server}{publicKey}, $one->{server}{publicKey},
    'and another key of the server');
is($read->(), 200, 'owner1 reads');

is(custody_ask('owner2', 'POST', '/v1/custody/lock')->{status}, 200,
    'owner2 locks');
is($read->(), 200, 'owner1 goes on');

# owner1's key, for owner1's server key and for owner2's

for my $server ($one, $two) {
    my $r = custody_ask('owner2', 'POST', '/v1/custody/unlock', { key =>
        '0x' . custody_box($server->{server}{publicKey}, $key),
        seconds => 60 });

    cmp_ok($r->{status}, '>=', 400, 'owner1\'s key opens nothing');
    cmp_ok($r->{status}, '<', 500, 'and that is owner2\'s fault');
}

is(custody_state('owner2')->{state}, 'locked', 'owner2 is locked');

my $r = custody_ask('owner2', 'PUT', '/v1/custody', { wrap => $one->{wrap},
    key => '0x' . custody_box($one->{server}{publicKey}, $key) });
cmp_ok($r->{status}, '>=', 400, 'nor can it be brought again');
is(custody_state('owner1')->{wrap}, $one->{wrap}, 'owner1 has its wrap');
is(custody_state('owner2')->{wrap}, $two->{wrap}, 'owner2 its own');
is($read->(), 200, 'owner1 reads');

is(custody_ask('owner1', 'POST', '/v1/custody/lock')->{status}, 200,
    'owner1 locks');
is($read->(), 423, 'then it does not');
is(custody_ask('owner2', 'POST', '/v1/custody/unlock', { key => '0x'
    . custody_box($two->{server}{publicKey}, custody_key('owner2')),
    seconds => 60 })->{status}, 200, 'owner2 unlocks');
is($read->(), 423, 'that opens nothing of owner1');
is(::as('owner2', 'GET', '/v1/data/demo.messages')->{status}, 404,
    'nor for owner2');



=== TEST 12: no route was left out
--- script
my @routes = routes();

cmp_ok(scalar @routes, '>', 20, 'the tables of the source are found');
is_deeply([ grep { !$tried{$_} } @routes ], [], 'each was tried');
is_deeply([ grep { my $t = $_; !grep { $_ eq $t } @routes }
    sort keys %tried ], [], 'and each that was tried is there');
