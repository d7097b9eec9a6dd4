# An owner who holds a key of its own: what is closed without it, for how
# long it is open, and where it is forgotten.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Custody;
use PServer::Jobs;
use PServer::Store;

our @owner = (pserver_custody => 'owner max=2h');

# statuses of a list of [name, answer] that are not the expected one

sub others {
    my ($status, @answers) = @_;

    return map { "$_->[0]: $_->[1]{status} $_->[1]{content}" }
        grep { $_->[1]{status} != $status } @answers;
}

sub routes {
    return every_route('owner1', 'app1', read => permission('read'),
        run => permission('ok'));
}

sub state_of { custody_state('owner1')->{state} }

sub unlock_body {
    my ($key, $seconds, %more) = @_;

    return { key => '0x' . custody_box(
                 custody_state('owner1')->{server}{publicKey}, $key),
             seconds => $seconds, %more };
}

run_tests();

__DATA__

=== TEST 1: a server that keeps the keys by itself
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

my $state = custody_state('owner1');

is $state->{custody}, 'server', 'custody';
is $state->{state}, 'unset', 'state';
is $state->{wrap}, undef, 'no wrap';
is $state->{expires}, undef, 'no end';

my ($status, $out, $err) = custody('owner1', 'init');

is $status, 1, 'the owner can not bring a key';
like $err, qr/this server does not offer it/, 'says why';

my $r = custody_ask('owner1', 'PUT', '/v1/custody', { key => '', wrap => '' });

is $r->{status}, 403, 'nor by hand';
is $r->{json}{error}{errorCode}, 'NOT_OFFERED', 'code';

$r = custody_ask('owner1', 'POST', '/v1/custody/lock');
is $r->{status}, 200, 'a lock changes nothing';
is $r->{json}{state}, 'unset', 'there is none';

$r = http('GET', '/v1/custody');
is $r->{status}, 401, 'nobody else may ask';
is(get($_, '/v1/custody')->{json}{error}{errorCode}, 'NOT_OWNER', $_)
    for qw( app1 stranger );



=== TEST 2: from now on owners hold a key: without one nothing opens
--- config eval: config(@main::owner)
--- script
my @routes = routes();
is_deeply [ others(423, @routes) ], [], 'locked';

is_deeply get('owner1', '/v1/data')->{json}, { error => { code => 423, errorCode => 'LOCKED',
    message => "The owner's keys are locked: nothing of this owner can be "
        . 'read, written or run until the owner unlocks them, POST '
        . '/v1/custody/unlock', details => { reason => 'locked' } } }, 'why';

is $routes[-1][1]{json}{detail}{error_code}, 'LOCKED_ERROR', 'of compute';

is -s owner_dir('owner1') . '/owner.key', 180, 'the keys are as they were';

is(store_data('owner2', 'demo.notes', '{}')->{status}, 423,
    'who comes new has to bring a key first');
ok !-e owner_dir('owner2'), 'nothing was made';

my $r = custody_ask('owner1', 'POST', '/v1/custody/unlock',
    unlock_body('11' x 32, 60));
is $r->{status}, 409, 'there is nothing to unlock';
is $r->{json}{error}{errorCode}, 'CUSTODY_UNSET', 'code';


=== TEST 3: the owner brings a key
--- config eval: config(@main::owner)
--- script
my $save = state_dir() . '/wrap';
my ($status, $out, $err) = custody('owner1', 'init', '--save', $save);

is $status, 0, 'init' or diag($err);
like $out, qr/^(?:[a-z]+ ){23}[a-z]+\n$/, '24 words, and nothing else';
like $err, qr/^locked\n/, 'locked';

$V{words} = $out;

is -s owner_dir('owner1') . '/owner.key', 432,
    'keys under the key, a second data key among them';
ok !-e owner_dir('owner1') . '/owner.key.new', 'nothing is left';

my $state = custody_state('owner1');
is $state->{custody}, 'owner', 'custody';
is $state->{state}, 'locked', 'state';
is slurp($save), "$state->{wrap}\n", 'the wrap was saved';

($status, $out, $err) = custody('owner1', 'init');
is $status, 1, 'a second time';
like $err, qr/custody rewrap/, 'says what to do';

is(get('owner1', '/v1/data/demo.messages')->{status}, 423, 'closed still');


=== TEST 4: unlocked for a time, at every worker
--- config eval: config(@main::owner)
--- script
my ($status, $out, $err) = custody('owner1', 'unlock', '--seconds', 600);

is $status, 0, 'unlock';
like $err, qr/^unlocked until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/, 'until when';

is $_->[1]{status}, { 'write' => 201, 'delete' => 204, operation => 202 }
    ->{$_->[0]} || 200, $_->[0] for routes();

is_deeply [ grep { $_ != 200 }
    map { get('owner1', '/v1/data/demo.messages')->{status} } 1 .. 16 ], [],
    'each worker opens it';

is_deeply(get('owner1', '/v1/data/demo.messages')->{json}{data},
    json(example('export.json')), 'what was stored before');

$V{id} = start_job('app1', fresh('ok'))->{json}{id};
is(finish('app1', $V{id})->{json}{status}, 'succeeded', 'a job');


=== TEST 5: who may not, and what is not right
--- config eval: config(@main::owner)
--- script
is(custody_ask('owner1', 'POST', '/v1/custody/lock')->{status}, 200, 'lock');

my $key = custody_key('owner1');
my $body = unlock_body($key, 60);

for (qw( app1 stranger )) {
    my $r = custody_ask($_, 'POST', '/v1/custody/unlock', $body);
    is $r->{status}, 401, "$_ can't";
    is $r->{json}{error}{errorCode}, 'NOT_OWNER', 'code';
}

my $r = custody_ask('owner2', 'POST', '/v1/custody/unlock', $body);
is $r->{status}, 409, 'of another owner it opens nothing';

for ([ 'another key', unlock_body('22' x 32, 60), 403, 'WRONG_KEY' ],
     [ 'half a key', unlock_body('22' x 16, 60), 400, 'INVALID_BODY' ],
     [ 'more than a key', unlock_body('22' x 33, 60), 400, 'INVALID_BOX' ],
     [ 'a box to somebody else', { %$body, key => custody_box(
         wallet('app1')->{publicKey}, $key) }, 400, 'INVALID_BOX' ],
     [ 'a changed box', { %$body, key => $body->{key} =~ s/.$/0/r
         eq $body->{key} ? $body->{key} =~ s/.$/1/r
                         : $body->{key} =~ s/.$/0/r }, 400, 'INVALID_BOX' ],
     [ 'too long', unlock_body($key, 7201), 400, 'TOO_LONG' ],
     [ 'no time', unlock_body($key, 0), 400, 'INVALID_BODY' ],
     [ 'no JSON', 'x', 400, 'INVALID_BODY' ],
     [ 'another member', { %$body, more => 1 }, 400, 'INVALID_BODY' ])
{
    my ($name, $wrong, $status, $code) = @$_;
    my $r = custody_ask('owner1', 'POST', '/v1/custody/unlock', $wrong);

    is $r->{status}, $status, $name;
    is $r->{json}{error}{errorCode}, $code, 'code';
}

$r = custody_ask('owner1', 'POST', '/v1/custody/unlock', ' ' x 2049);
is $r->{status}, 413, 'more than there can be';

# signed, and then another body

my $text = json($body);
$r = http('POST', '/v1/custody/unlock', { Authorization => auth('owner1',
    'POST', '/v1/custody/unlock', $text) }, "$text ");
is $r->{status}, 401, 'a body that was not signed';

is state_of(), 'locked', 'it is locked';
is_deeply [ others(423, routes()) ], [], 'at every route';

is(custody_ask('owner1', 'POST', '/v1/custody/unlock',
    unlock_body($key, 7200))->{status}, 200, 'the right one');
is state_of(), 'unlocked', 'opens';


=== TEST 6: locked at every worker; a request that was seen unlocks no more
--- config eval: config(@main::owner)
--- script
is(custody_ask('owner1', 'POST', '/v1/custody/lock')->{status}, 200, 'lock');

my $body = json(unlock_body(custody_key('owner1'), 60));
my @request = ('POST', '/v1/custody/unlock', { Authorization => auth('owner1',
    'POST', '/v1/custody/unlock', $body, nonce => 'once') }, $body);
my @lock = ('POST', '/v1/custody/lock', { Authorization => auth('owner1',
    'POST', '/v1/custody/lock', '', nonce => 'once') }, '');

is http(@request)->{json}{state}, 'unlocked', 'unlocked';
is http(@request)->{json}{state}, 'unlocked', 'a repeat';
is http(@lock)->{json}{state}, 'locked', 'locked';

is_deeply [ grep { $_ != 423 }
    map { get('owner1', '/v1/data/demo.messages')->{status} } 1 .. 16 ], [],
    'at once, at each worker';

my $r = http(@request);
is $r->{status}, 200, 'the same request again';
is $r->{json}{state}, 'locked', 'changes nothing';
is http(@lock)->{json}{state}, 'locked', 'nor does the lock';

# a new unlock is not undone by the old lock

(my $status, undef, undef) = custody('owner1', 'unlock');
is $status, 0, 'unlocked';
is http(@lock)->{json}{state}, 'unlocked', 'a lock of before';


=== TEST 7: what an operation has left is closed, too
--- config eval: config(@main::owner)
--- script
custody('owner1', 'lock');

my $path = "/api/v1/artifacts/$V{id}/list";
my $text = qq({"operation_id":"$V{id}"});
my @list = ('POST', $path, { 'Content-Type' => 'application/json' },
    json({ operation_id => $V{id}, signature => sign_text('app1', $text) }));

is(status_of('app1', $V{id})->{status}, 423, 'the result');
is http(@list)->{status}, 423, 'the list of files';
is(cancel_job('app1', $V{id})->{status}, 423, 'cancel');

custody('owner1', 'unlock');

is(status_of('app1', $V{id})->{json}{status}, 'succeeded', 'the result');
is http(@list)->{status}, 200, 'the list of files';


=== TEST 8: it expires
--- config eval: config(@main::owner)
--- script
custody('owner1', 'lock');
custody('owner1', 'unlock', '--seconds', 2);

is(get('owner1', '/v1/data/demo.messages')->{status}, 200, 'open');
ok wait_for { get('owner1', '/v1/data/demo.messages')->{status} == 423 } 5;
is state_of(), 'locked', 'locked';


=== TEST 9: with the phrase, and with the wrap that was saved
--- config eval: config(@main::owner)
--- script
my $file = state_dir() . '/words';
open my $out, '>', $file or die;
print $out $V{words};
close $out;

my ($status, undef, $err) = custody('owner1', 'unlock', '--recovery', $file,
    '--wrap', state_dir() . '/wrap');
is $status, 0, 'unlocked' or diag($err);
is state_of(), 'unlocked', 'it is';

open $out, '>', $file or die;
print $out $V{words} =~ s/^\w+ (\w+)/$1 $1/r;
close $out;

($status, undef, $err) = custody('owner1', 'unlock', '--recovery', $file);
is $status, 1, 'another phrase';
like $err, qr/this is not the phrase|does not open/, 'says so';

($status, undef, $err) = custody('owner2', 'unlock', '--wrap',
    state_dir() . '/wrap');
is $status, 1, 'another wallet';
like $err, qr/does not open with this wallet/, 'says so';


=== TEST 10: of those who come first at the same time one is first
--- config eval: config(@main::owner)
--- script
my $r = custody_ask('owner2', 'PUT', '/v1/custody',
    { key => '0x' . '04' x 161, wrap => '0x' . '00' x 196 });
is $r->{json}{error}{errorCode}, 'INVALID_BOX', 'a box of nothing';
ok !-e owner_dir('owner2'), 'for which nothing is made';

my @pids = map {
    my $pid = fork;

    if ($pid == 0) {
        require POSIX;
        POSIX::_exit((custody('owner2', 'init'))[0]);
    }

    $pid;
} 1 .. 4;

my %status;
waitpid($_, 0), $status{$? >> 8}++ for @pids;

is_deeply \%status, { 0 => 1, 1 => 3 }, 'one key is set';

my ($status, undef, $err) = custody('owner2', 'unlock');
is $status, 0, 'and opens' or diag($err);
is(store_data('owner2', 'demo.notes', '{}')->{status}, 201, 'what is new');


=== TEST 11: nothing of it in a worker once it is locked
--- config eval: config(@main::owner)
--- script
# what is freed stays there under one, in more memory than there is
return pass('not under a sanitizer') if $ENV{ASAN_OPTIONS};

custody('owner1', 'unlock');

my $key = custody_key('owner1');
my $keys = custody_data('owner1', $key);
my %secrets = (custody => $key, data => substr($keys, 0, 64),
    names => substr($keys, 64, 64), ledger => substr($keys, 128, 64),
    root => '5a' x 32);

routes() for 1 .. 2;

finish('app1', start_job('app1', fresh('ok'))->{json}{id});

my @pids = worker_pids();
is @pids, workers(), 'the workers';

# each key is outside its box only while it is used

wait_for { !grep { grep { $_ ne 'root' } memory_has($_, %secrets) } @pids } 5;

is_deeply [ map { grep { $_ ne 'root' } memory_has($_, %secrets) } @pids ],
    [], 'even while it is unlocked and not used';

custody('owner1', 'lock');

is_deeply [ map { memory_has($_, %secrets) } @pids ], [ ('root') x @pids ],
    'but for the root, which is what this would find';


=== TEST 12: a worker that is killed takes nothing with it
--- config eval: config(@main::owner)
--- alerts_expected
--- script
custody('owner1', 'unlock');

my ($pid) = worker_pids();
kill KILL => $pid;

ok wait_for { my @now = worker_pids(); @now == workers() && !grep { $_ == $pid } @now };

is_deeply [ grep { $_ != 200 }
    map { get('owner1', '/v1/data/demo.messages')->{status} } 1 .. 16 ], [],
    'its successor, too';


=== TEST 13: a reload keeps it
--- config eval: config(@main::owner)
--- script
my @before = worker_pids();

open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid" or die;
chomp(my $master = <$in>);

is state_of(), 'unlocked', 'before';
kill HUP => $master;

ok wait_for {
    my %now = map { $_ => 1 } worker_pids();
    !grep { $now{$_} } @before;
} 15;

is_deeply [ grep { $_ != 200 }
    map { get('owner1', '/v1/data/demo.messages')->{status} } 1 .. 16 ], [],
    'after';


=== TEST 14: a restart does not
--- config eval: config(@main::owner, pserver_chain_valid => '5s')
--- script
is state_of(), 'locked', 'locked';
is(get('owner1', '/v1/data/demo.messages')->{status}, 423, 'closed');


=== TEST 15: a new key, wrap and phrase
--- config eval: config(@main::owner, pserver_chain_valid => '5s')
--- script
my $old = $V{old} = custody_key('owner1');
my $before = custody_state('owner1');

$V{file} = slurp(owner_dir('owner1') . '/owner.key');

# as a crash leaves it, who was not the last to write

open my $left, '>', owner_dir('owner1') . '/owner.key.new' or die;
print $left 'half of one';
close $left;

my ($status, $out, $err) = custody('owner1', 'rewrap');

is $status, 0, 'rewrap' or diag($err);
like $out, qr/^(?:[a-z]+ ){23}[a-z]+\n$/, 'a phrase';
isnt $out, $V{words}, 'another one';
like $err, qr/^locked\n/, 'locked';
ok !-e owner_dir('owner1') . '/owner.key.new', 'what a crash has left is gone';

my $r = custody_ask('owner1', 'POST', '/v1/custody/unlock',
    unlock_body($old, 60));
is $r->{status}, 403, 'the old key opens nothing';
is $r->{json}{error}{errorCode}, 'WRONG_KEY', 'code';

# an old wrap does not come back, whoever has a copy

my $public_key = $before->{server}{publicKey};

for ([ 'without the key' ], [ 'with an old epoch', current => '0x'
    . custody_box($public_key, custody_key('owner1')) ])
{
    my ($name, %current) = @$_;

    $r = custody_ask('owner1', 'PUT', '/v1/custody', { %current,
        key => '0x' . custody_box($public_key, $old),
        wrap => $before->{wrap} });
    is $r->{status}, 409, $name;
    is $r->{json}{error}{errorCode}, 'CUSTODY_SET', 'code';
}

$r = custody_ask('owner1', 'PUT', '/v1/custody', {
    key => '0x' . custody_box($public_key, '33' x 32),
    wrap => $before->{wrap} });
is $r->{status}, 400, 'a wrap of another key';
is $r->{json}{error}{errorCode}, 'INVALID_WRAP', 'code';

custody('owner1', 'unlock');

is_deeply(get('owner1', '/v1/data/demo.messages')->{json}{data},
    json(example('export.json')), 'the data is the same');


=== TEST 15a: the file from before is put back, and its key brought
--- config eval: config(@main::owner)
--- error_log
is older than it was
--- alerts_expected
--- script
my $file = owner_dir('owner1') . '/owner.key';
my $now = slurp($file);

my $put = sub {
    unlink $file;
    open my $out, '>', $file or die $!;
    print $out shift;
    close $out;
};

$put->($V{file});
custody_ask('owner1', 'POST', '/v1/custody/unlock', unlock_body($V{old}, 60));

is(get('owner1', '/v1/data/demo.messages')->{status}, 500, 'a read');
is(store_data('owner1', 'demo.messages', '{}')->{status}, 500, 'a post');
isnt((custody('owner1', 'rewrap'))[0], 0, 'a new key');
is(slurp($file), $V{file}, 'is not made from it');

$put->($now);
is((custody('owner1', 'unlock'))[0], 0, 'the right one');
is(get('owner1', '/v1/data/demo.messages')->{status}, 200, 'opens');


=== TEST 16: what was done stands in the log
--- config eval: config(@main::owner, pserver_chain_valid => '5s')
--- script
custody('owner1', 'unlock');

my @actions = map { $_->{action} }
    @{ get('owner1', '/v1/access-logs?limit=1000')->{json}{logs} };
my %n;

$n{$_}++ for @actions;

cmp_ok $n{unlock}, '>=', 9, 'unlocked';
cmp_ok $n{lock}, '>=', 5, 'locked';
is $n{custody}, 2, 'keys set';


=== TEST 17: locked while a job runs
--- config eval: config(@main::owner, pserver_operation => offers('test_sleep'))
--- script
custody('owner1', 'unlock');

my $id = start_job('app1', fresh('ok'))->{json}{id};
ok running('app1', $id), 'it runs';

custody('owner1', 'lock');

ok wait_for { containers() == 0 } 15;
is(status_of('app1', $id)->{status}, 423, 'how it ended is closed');

custody('owner1', 'unlock');

ok wait_for { status_of('app1', $id)->{json}{status} eq 'failed' } 15;
is(status_of('app1', $id)->{json}{result}{error}{reason}, 'locked', 'why');


=== TEST 18: killed while a job runs, and started: it waits for the owner
--- config eval: config(@main::owner, pserver_operation => offers('test_sleep', timeout => '3s'))
--- alerts_expected
--- script
custody('owner1', 'unlock');

my $id = start_job('app1', fresh('ok'))->{json}{id};
ok running('app1', $id), 'it runs';

open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid" or die;
chomp(my $master = <$in>);

my @pids = ($master, worker_pids());
kill KILL => @pids;
wait_for { !kill 0, @pids };

is system($ENV{TEST_NGINX_BINARY}, '-p', "$ENV{TEST_NGINX_SERVROOT}/", '-c',
    "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf"), 0, 'started';
ok wait_for { http('GET', '/ping')->{status} == 204 };

is state_of(), 'locked', 'locked';
is(status_of('app1', $id)->{status}, 423, 'closed');

custody('owner1', 'unlock');

# it was sent to sleep once more, and has as much time as before

my $s = finish('app1', $id, 30);
is $s->{json}{result}{error}{reason}, 'timeout', 'it ran again'
    or diag($s->{content});


=== TEST 19: one store has one custody
--- config eval
config(@main::owner, more => 'location /other/ { pserver data; pserver_custody server; }')
--- must_die
--- error_log
"pserver_custody" differs between locations with the store


=== TEST 20: what the directive takes
--- config eval: config(pserver_custody => 'nobody')
--- must_die
--- error_log
invalid value "nobody"


=== TEST 21: no time at all
--- config eval: config(pserver_custody => 'owner max=0')
--- must_die
--- error_log
invalid parameter "max=0"


=== TEST 22: a time is the owner's
--- config eval: config(pserver_custody => 'server max=1h')
--- must_die
--- error_log
invalid value "max=1h"
