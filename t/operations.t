# The routes around an operation: the list of an account's own, and what the
# server offers.
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;

sub operations {
    my ($who, $query) = @_;
    my $uri = '/api/v1/operations';

    return http('GET', $uri . ($query ? "?$query" : ''),
        { Authorization => web3signed($who, 'GET', $uri) });
}

# the ids of an answer

sub ids { [ map { $_->{id} } @{shift->{json}{operations}} ] }

run_tests();

__DATA__

=== TEST 1: whose they are, the newest first
--- config eval
config(pserver_operation => [ offers('word_count'),
    'search image=' . image('search') . ' parameters=terms' ])
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'owner1');
is(store_data('owner2', 'demo.notes', example('export.json'))->{status},
    201, 'owner2');

for my $who (qw( app1 owner1 stranger )) {
    my $a = operations($who);
    is($a->{status}, 200, "$who: before");
    is($a->{content}, '{"kind":"OperationList","operations":[],"total":0,'
        . '"limit":20,"offset":0}', 'none');
}

my $one = start_job('app1', fresh('ok'))->{json};
my $two = start_job('app2', fresh('ok2'))->{json};
my $three = start_job('app1', { %{fresh('search')},
    parameters => { terms => [ 7 ] } })->{json};
my $four = start_job('app1', fresh('ok'))->{json};

finish('app1', $_->{id}) for $one, $three, $four;
finish('app2', $two->{id});

my %own = (app1 => [ $four, $three, $one ], owner1 => [ $four, $three, $one ],
    app2 => [ $two ], owner2 => [ $two ], stranger => []);

for my $who (sort keys %own) {
    my $a = operations($who);
    is_deeply(ids($a), [ map { $_->{id} } @{$own{$who}} ], $who);
    is($a->{json}{total}, @{$own{$who}}, 'how many');
    is($a->{headers}{'cache-control'}, 'private, no-store', 'not stored');
}

my $a = operations('app1')->{json}{operations};
my ($status, $w) = (status_of('app1', $one->{id})->{json}, fixtures()->{wallets});

is_deeply($a->[2], { id => $one->{id}, operation => 'word_count',
    permission_id => permission('ok') . '', status => 'succeeded',
    app => $w->{app1}{address}, owner => $w->{owner1}{address},
    created_at => $one->{created_at}, started_at => $status->{started_at},
    finished_at => $status->{finished_at} }, 'what is said of one');
is($a->[1]{operation}, 'search', 'of another');
is($a->[1]{status}, 'failed', 'how it ended');
is($a->[1]{reason}, 'exit', 'and why');
unlike(json($a), qr/result/, 'no result');

$V{own} = $own{app1};



=== TEST 2: by pages and by status
--- config eval
config(pserver_operation => [ offers('word_count'),
    'search image=' . image('search') . ' parameters=terms' ])
--- script
my ($four, $three, $one) = map { $_->{id} } @{$V{own}};

for ([ 'limit=2', [ $four, $three ], 3 ],
     [ 'limit=2&offset=2', [ $one ], 3 ],
     [ 'offset=1&limit=1', [ $three ], 3 ],
     [ 'offset=3', [], 3 ],
     [ 'offset=999999999999999999', [], 3 ],
     [ 'limit=5000', [ $four, $three, $one ], 3 ],
     [ 'status=succeeded', [ $four, $one ], 2 ],
     [ 'status=succeeded&limit=1', [ $four ], 2 ],
     [ 'status=succeeded&limit=1&offset=1', [ $one ], 2 ],
     [ 'status=failed', [ $three ], 1 ],
     [ 'status=processing', [], 0 ],
     [ 'status=canceled', [], 0 ])
{
    my ($query, $ids, $total) = @$_;
    my $a = operations('app1', $query);

    is($a->{status}, 200, $query);
    is_deeply(ids($a), $ids, 'those');
    is($a->{json}{total}, $total, 'of so many');
    cmp_ok($a->{json}{limit}, '<=', 1000, 'not more at once');
}

for ([ limit => 'limit=0' ], [ limit => 'limit=' ], [ limit => 'limit=-1' ],
     [ offset => 'offset=x' ], [ offset => 'offset=9999999999999999999' ],
     [ status => 'status=' ], [ status => 'status=queued' ],
     [ status => 'status=Failed' ])
{
    my ($name, $query) = @$_;
    my $a = operations('app1', $query);

    is($a->{status}, 422, $query);
    is_deeply($a->{json}{detail}[0]{loc}, [ 'query', $name ], 'where');
}



=== TEST 3: signed, also where an id is enough
--- config eval: config(pserver_operation_access => 'capability')
--- script
my $a = http('GET', '/api/v1/operations');

is($a->{status}, 401, 'no header');
is($a->{json}{detail}{error_code}, 'AUTHENTICATION_ERROR', 'its code');
is(operations('app1')->{json}{total}, 3, 'with one');
is(http('DELETE', '/api/v1/operations')->{status}, 405, 'no such method');



=== TEST 4: owners that this location does not serve; one of them goes
--- config eval
config(pserver_owner => fixtures()->{wallets}{owner1}{address},
    pserver_operation => offers('test_sleep'))
--- script
is(operations('app2')->{json}{total}, 0, 'not served');
is(operations('owner2')->{json}{total}, 0, 'nor for the owner');

my $id = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $id), 'one runs');
is_deeply(ids(operations('app1', 'status=processing')), [ $id ], 'it alone');
is(operations('app1', 'limit=1')->{json}{operations}[0]{finished_at}, undef,
    'it has not ended');

cancel_job('app1', $id);
finish('app1', $id);
is_deeply(ids(operations('owner1', 'status=canceled')), [ $id ], 'canceled');



=== TEST 5: they go with their rows
--- config eval
config(pserver_result_valid => '1s', pserver_repeat_window => '1s')
--- script
my $gone = wait_for { !operations('app1')->{json}{total} } 20;

ok($gone, 'all gone');
is(operations($_)->{json}{total}, 0, "also for $_") for qw( owner1 app2 );

my @links = glob state_dir() . '/store/lists/*/*';

is(scalar @links, 0, 'no link is left');
is(rows(), 0, 'nor a row');



=== TEST 6: what it offers: for anyone, and all that a container gets
--- config eval
config(pserver_operation => [ offers('word_count', parameters => 'top,from'),
    'search image=' . image('search') . ' "command=/operation secret"'
    . ' memory=1g tmpfs=8m cpus=0.25 pids=7 nofile=99 timeout=90s input=3m'
    . ' output=2k runtime=runsc network=models' ],
    pserver_require_nonce => 'on', pserver_result_valid => '2h')
--- script
my $a = http('GET', '/api/v1/capabilities');

is($a->{status}, 200, 'for anyone');
is_deeply($a->{json}, { kind => 'Capabilities', version => '0.1.0',
    chain_id => fixtures()->{chain}{chainId}, operation_access => 'signed',
    require_nonce => JSON::PP::true(), repeat_window => 60,
    result_valid => 7200, operations => [
        { name => 'word_count', image => image('word_count'),
          parameters => [ 'top', 'from' ], network => undef,
          runtime => undef, limits => { memory => 64 << 20,
            tmpfs => 32 << 20, cpus => 1, pids => 32, nofile => 256,
            timeout => 20, input => 64 << 20, output => 1 << 20 } },
        { name => 'search', image => image('search'), parameters => [],
          network => 'models', runtime => 'runsc', limits => {
            memory => 1 << 30, tmpfs => 8 << 20, cpus => 0.25, pids => 7,
            nofile => 99, timeout => 90, input => 3 << 20, output => 2048 } },
    ] }, 'the answer') or diag($a->{content});
unlike($a->{content}, qr/secret/, 'not its command');
