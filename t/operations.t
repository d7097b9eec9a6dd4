# The routes around an operation: the list of an account's own, what the
# server offers; and the key by which a client asks again.
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;
use PServer::Node;
use Fcntl qw( :flock );
use POSIX ();
use Time::HiRes qw( sleep time );

sub operations {
    my ($who, $query) = @_;
    my $uri = '/api/v1/operations';

    return http('GET', $uri . ($query ? "?$query" : ''),
        { Authorization => web3signed($who, 'GET', $uri) });
}

# the ids of an answer

sub ids { [ map { $_->{id} } @{shift->{json}{operations}} ] }

# an operation with an Idempotency-Key

sub keyed {
    my ($app, $key, $request, %headers) = @_;

    return http('POST', '/api/v1/operations', { 'Idempotency-Key' => $key,
        %headers }, operation($app, $request));
}

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

$gone = wait_for { !(my @links = glob state_dir() . '/store/lists/*/*') } 20;
ok($gone, 'no link is left');

$gone = wait_for { !rows() } 5;
ok($gone, 'nor a row');



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



=== TEST 7: a key: the first answer again, for as long as there is one
--- config eval
config(pserver_operation => offers('word_count'),
    pserver_repeat_window => '0')
--- script
# without a nonce, so that after its end a repeat would be a new one

my $text = '{"permission_id":' . permission('ok') . '}';
my $a = keyed('app1', '"order 1"', $text);
my $id = $V{id} = $a->{json}{id};

is($a->{status}, 202, 'accepted');
is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');

my $rows = rows();

for my $header ('"order 1"', '"order 1"') {
    my $again = keyed('app1', $header, $text);
    is($again->{status}, 202, 'again');
    is($again->{content}, $a->{content}, 'the first answer');
}

$a = keyed('app1', '"order 1"', $text, Prefer => 'wait=9');
is($a->{status}, 200, 'with its end');
is($a->{json}{id}, $id, 'of the same');
is(rows(), $rows, 'nothing was started');

# another request

for my $request ("$text ", fresh('ok'), fresh('revoked')) {
    my $a = keyed('app1', '"order 1"', $request);
    is($a->{status}, 422, 'another request');
    is($a->{json}{detail}{field}, 'Idempotency-Key', 'why');
}

is(rows(), $rows, 'nothing was started');

# without the key, and with another one, it is what it would be

isnt(start_job('app1', $text)->{json}{id}, $id, 'no key: a new one');

# another app's key is another one, also with the same letters

$a = keyed('app2', '"order 1"', fresh('ok2'));
is($a->{status}, 202, 'of another app');

# the same key, without its quotes

$a = keyed('app1', 'order-2', fresh('ok'));
is(keyed('app1', '"order-2"', fresh('ok'))->{status}, 422, 'one key');

# what was refused has not taken it

is(keyed('app1', 'order-3', fresh('revoked'))->{status}, 403, 'refused');
is(keyed('app1', 'order-3', fresh('ok'))->{status}, 202, 'free');

for my $bad ('', '""', '"a', '"a";b=1', 'a b', 'a' x 256) {
    my $a = keyed('app1', $bad, fresh('ok'));
    is($a->{status}, 400, "no key: $bad");
    is($a->{json}{detail}{field}, 'Idempotency-Key', 'why');
}

is(keyed('app1', [ 'a', 'b' ], fresh('ok'))->{status}, 400, 'two of them');



=== TEST 8: after kill -9, after a restart, and for the app alone
--- config eval
config(pserver_operation => offers('word_count'),
    pserver_repeat_window => '0', pserver_result_valid => '2h')
--- script
my $text = '{"permission_id":' . permission('ok') . '}';
my $id = $V{id};

is(keyed('app1', '"order 1"', $text)->{json}{id}, $id, 'after a restart');

open my $in, '<', server_root() . '/logs/nginx.pid';
chomp(my $pid = <$in>);
kill KILL => split ' ', `ps -o pid= --ppid $pid`;

my $again;
my $came = wait_for {
    ($again = keyed('app1', '"order 1"', $text))->{status} != 599;
};

ok($came, 'after kill -9');
is($again->{json}{id}, $id, 'the same');
is(keyed('app1', '"order 1"', "$text ")->{status}, 422, 'and another is not');

# nothing on the disk tells a key, an app or an id

my $names = `find @{[ state_dir() ]}/store/keys @{[ state_dir() ]}/store/lists`;
my $app = lc substr fixtures()->{wallets}{app1}{address}, 2;

unlike($names, qr/order|$id|$app/, 'names');
--- alerts_expected



=== TEST 9: a permission that has ended: the answer of then, not the result
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my $permission = permit();
my $request = fresh($permission);
my $a = keyed('app1', 'ended', $request, Prefer => 'wait=20');

is($a->{json}{status}, 'succeeded', 'it ran');

chain('revoke', 'owner1', $permission);
chain('mine', 1);

is(status_of('app1', $a->{json}{id})->{status}, 403, 'its result is closed');

my $again = keyed('app1', 'ended', $request);

is($again->{status}, 202, 'accepted');
is($again->{json}{id}, $a->{json}{id}, 'this one');

$again = keyed('app1', 'ended', $request, Prefer => 'wait=20');

is($again->{status}, 202, 'accepted, and no more is said');
is($again->{json}{kind}, 'OperationCreated', 'in this form');



=== TEST 10: while the first is under way
--- config eval
config(pserver_operation => offers('word_count'))
--- http_config eval: http_config(chain => '127.0.0.1:' . port(7))
--- script
node_start(port(7), port(5));
node_mode('hang');

my $request = fresh('ok');

pipe my $from, my $to;

if (!fork) {
    my $a = keyed('app1', 'slow', $request);
    syswrite $to, "$a->{status} $a->{json}{id}";
    POSIX::_exit(0);
}

close $to;
sleep 0.5;

for my $r ($request, fresh('ok')) {
    my $since = time;
    my $a = keyed('app1', 'slow', $r);
    is($a->{status}, 409, 'under way');
    is($a->{json}{detail}{error_code}, 'CONFLICT_ERROR', 'its code');
    is($a->{headers}{'retry-after'}, 1, 'when to ask again');
    cmp_ok(time - $since, '<', 2, 'at once');
}

node_mode('pass');

my $first = <$from>;
my $a;

wait_for { ($a = keyed('app1', 'slow', $request))->{status} != 409 };
ok($first =~ /^503 / || $first eq "202 $a->{json}{id}", 'then it is settled')
    or diag($first);
is($a->{status}, 202, 'accepted');
is(keyed('app1', 'slow', fresh('ok'))->{status}, 422, 'for this one');



=== TEST 11: where an id is enough a key does not give it; it goes with the row
--- config eval
config(pserver_operation => offers('word_count'),
    pserver_operation_access => 'capability', pserver_repeat_window => '0',
    pserver_result_valid => '1s')
--- script
my $request = '{"permission_id":' . permission('ok') . ' }';
my $a = keyed('app1', 'cap', $request);
my $id = $a->{json}{id};

is($a->{status}, 202, 'accepted');

$a = keyed('app1', 'cap', $request);
is($a->{status}, 409, 'again');
unlike($a->{content}, qr/$id/, 'no id');

my $new;
my $gone = wait_for {
    ($new = keyed('app1', 'cap', $request))->{status} == 202;
} 20;

ok($gone, 'gone with its row');
isnt($new->{json}{id}, $id, 'a new one');



=== TEST 12: a result is gone at its time, whether or not it was swept yet
--- config eval
config(pserver_operation => offers('word_count'),
    pserver_result_valid => '4s')
--- script
open my $sweep, '>', state_dir() . '/store/sweep.lock' or die $!;
flock $sweep, LOCK_EX or die $!;

my $id = start_job('app1', fresh('ok'))->{json}{id};

is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');
is(operations('app1', 'limit=1')->{json}{operations}[0]{id}, $id, 'listed');

sleep 4.2;

is(status_of('app1', $id)->{status}, 404, 'gone');
is(operations('app1', 'status=succeeded')->{json}{total}, 0, 'nor listed');
cmp_ok(rows(), '>', 0, 'its row is there');
