use lib 't/lib';
use PServer;
use PServer::Node;

use Time::HiRes qw( sleep time );

# A yes that lives for ten minutes, and is over within the bound when the
# chain says so: by the logs of its permission, by its last block, by a
# reorganisation.

our $bound = 1.5;

our $faulty = http_config(chain => '127.0.0.1:' . port(7));
our @watched = (pserver_chain_valid => '10m', pserver_chain_bound => '1500ms',
    pserver_chain_poll => '200ms');
our $config = config(@watched);
our $idle = config(@watched, pserver_chain_valid => '1600ms');
our $slow = config(@watched, pserver_chain_poll => '2s');

node_start(port(7), port(5));


# an app's read of what is not there is 404 once the permission is a yes

sub ask {
    my ($id) = @_;

    return http('GET', '/v1/data/demo.messages', { Authorization =>
        web3signed('app1', 'GET', '/v1/data/demo.messages', undef,
            grantId => "$id") })->{status};
}

sub add {
    my $url = 'ipfs://' . fixtures()->{permissions}{read}{cid};

    return chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
        $url, file_id('messages'))->{permissionId};
}

sub status { http('GET', '/status')->{json} }

sub counter { status()->{counters}{ +shift } }


# until the watch knows as much as the chain shows now

sub watched {
    my $head = chain('head')->{head};

    return wait_for {
        my ($watch) = @{ status()->{watches} };
        $watch && $watch->{head} >= $head && $watch->{age} < 1000;
    } 5;
}


# a yes that the watch goes on with: kept from its head on

sub warm {
    my ($id) = @_;

    my $yes = wait_for { ask($id) == 404 } $bound;
    ok $yes, 'a yes';
    ok watched(), 'is watched';
}


# seconds until the answer is another one

sub until_ask {
    my ($id, $status) = @_;
    my $start = time;

    wait_for { ask($id) == $status } 10;
    return time - $start;
}

sub master {
    open my $in, '<', server_root() . '/logs/nginx.pid' or die "pid: $!";
    chomp(my $pid = <$in>);
    return $pid;
}

sub children {
    my $pid = shift;

    my @children;

    for (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $_ or next;
        push @children, $1
            if (<$in> || '') =~ /^(\d+) \(nginx\) \S $pid /;
    }

    return @children;
}

run_tests();

__DATA__

=== TEST 1: a yes outlives the bound, others' traffic does not touch it
--- config eval: $::config
--- script
is status()->{revocation_bound}, 1500, 'the bound is published';

my ($ours, $other) = (add(), add());

warm($ours);
warm($other);
sleep $bound + 0.2;

my $misses = counter('chain_misses');
is ask($ours), 404, 'after the bound';

chain('revoke', 'owner1', $other);
chain('mine', 2);
add();
ok watched(), 'all of it was seen';
sleep $bound + 0.2;

is ask($ours), 404, 'a yes still';
is counter('chain_misses'), $misses, 'without a question';
is ask($other), 403, 'the other one is over';



=== TEST 2: a revocation, block by block
--- config eval: $::config
--- script
my $id = add();

warm($id);
sleep $bound + 0.2;
chain('revoke', 'owner1', $id);

my $took = until_ask($id, 403);
cmp_ok $took, '<', $bound, "over after $took s";

# signed by the owner, sent by another

$id = add();
warm($id);
chain('revoke-signed', 'owner1', $id);
$took = until_ask($id, 403);
cmp_ok $took, '<', $bound, "over after $took s";



=== TEST 3: a revocation, blocks come by the clock
--- config eval: $::config
--- script
my $id = add();
warm($id);

chain('rpc', 'evm_setAutomine', 'false');
chain('rpc', 'evm_setIntervalMining', 1);

eval { chain('revoke', 'owner1', $id) };
is $@, '', 'revoked';

my $took = until_ask($id, 403);
cmp_ok $took, '<', $bound, "over after $took s";

chain('rpc', 'evm_setIntervalMining', 0);
chain('rpc', 'evm_setAutomine', 'true');



=== TEST 4: a grant that was just made
--- config eval: $::config
--- script
my $id = add();

warm($id);
is ask($id + 1), 403, 'a no';

is add(), $id + 1, 'is given';

my $took = until_ask($id + 1, 404);
cmp_ok $took, '<', $bound, "a yes after $took s";



=== TEST 5: the last block of a permission has no log
--- config eval: $::config
--- script
my $id = add();
chain('poke', $id, { endBlock => chain('head')->{head} + 4 });

warm($id);
is ask($id), 404, 'a yes before';
chain('mine', 4);

my $took = until_ask($id, 403);
cmp_ok $took, '<', $bound, "over after $took s";



=== TEST 6: reorganisations of 1 and of 10 blocks
--- config eval: $::config
--- script
for my $depth (1, 10) {
    my $old = add();
    chain('mine', 12);
    warm($old);

    my $new = add();
    chain('mine', $depth - 1) if $depth > 1;
    warm($new);

    my $dropped = counter('chain_dropped');
    my $head = chain('head')->{head};

    chain('rpc', 'anvil_reorg', $depth, []);
    is chain('head')->{head}, $head, "another chain, $depth blocks";

    my $took = until_ask($new, 403);
    cmp_ok $took, '<', $bound, "what was on the old one: over after $took s";
    cmp_ok counter('chain_dropped'), '>', $dropped, 'dropped';
    is ask($old), 404, 'what is older stands';

    # it goes on on the new chain

    chain('revoke', 'owner1', $old);
    $took = until_ask($old, 403);
    cmp_ok $took, '<', $bound, "revoked there: over after $took s";
}



=== TEST 7: more blocks at once than are looked at
--- config eval: $::config
--- script
my $id = add();
warm($id);

chain('revoke', 'owner1', $id);
chain('mine', 100);

my $took = until_ask($id, 403);
cmp_ok $took, '<', $bound, "over after $took s";



=== TEST 8: what can't be watched lives no longer than the bound
--- http_config eval: $::faulty
--- config eval: $::config
--- script
my $id = add();
warm($id);

for my $mode (qw( error garbage null missing close )) {
    node_mode($mode, 'logs');
    chain('mine', 2);
    sleep 0.4 if $mode ne 'close';
}

my $errors = counter('watch_errors');
cmp_ok $errors, '>', 0, "$errors polls were not whole";

chain('revoke', 'owner1', $id);
my $took = until_ask($id, 403);
cmp_ok $took, '<', $bound + 0.3, "over after $took s";

$id = add();
is ask($id), 404, 'a yes';

my $misses = counter('chain_misses');
sleep $bound + 0.1;
is ask($id), 404, 'asked again';
is counter('chain_misses'), $misses + 1, 'after the bound';

node_mode('pass');
warm($id);
$misses = counter('chain_misses');
sleep $bound + 0.1;
is ask($id), 404, 'watched again';
is counter('chain_misses'), $misses, 'without a question';



=== TEST 9: all nodes are gone for a while
--- http_config eval: $::faulty
--- config eval: $::config
--- script
my $id = add();
warm($id);
node_mode('close');

is ask($id), 404, 'a yes, within the bound';
sleep $bound + 0.1;

my $answer = http('GET', '/v1/data/demo.messages', { Authorization =>
    web3signed('app1', 'GET', '/v1/data/demo.messages', undef,
        grantId => "$id") });
is $answer->{status}, 503, 'then it can not be asked';
ok $answer->{headers}{'retry-after'}, 'Retry-After';

node_mode('pass');
is ask($id), 404, 'back by itself';
ok watched(), 'and watched';



=== TEST 10: the worker that polls dies, and a reload
--- config eval: $::config
--- alerts_expected
--- script
my $id = add();
my $master = master();

warm($id);

my @workers = children($master);
kill KILL => @workers;
wait_for { my %now = map { $_ => 1 } children($master);
    %now == @workers && !grep { $now{$_} } @workers };

ok watched(), 'goes on';
chain('revoke', 'owner1', $id);
my $took = until_ask($id, 403);
cmp_ok $took, '<', $bound, "over after $took s";

kill HUP => $master;
@workers = children($master);
wait_for { my %now = map { $_ => 1 } children($master);
    !grep { $now{$_} } @workers };

$id = add();
warm($id);
chain('revoke', 'owner1', $id);
$took = until_ask($id, 403);
cmp_ok $took, '<', $bound, "over after $took s, reloaded";



=== TEST 11: while nobody uses a set, nobody polls
--- config eval: $::idle
--- script
sleep 0.5;
is counter('watch_polls'), 0, 'no set was used yet';

warm(add());
sleep 1.7;

my $polls = counter('watch_polls');
sleep 0.7;
is counter('watch_polls'), $polls, 'none was used for long';



=== TEST 12: a watch that is too slow for the bound
--- config eval: $::slow
--- must_die
--- error_log
"pserver_chain_poll" must be less than "pserver_chain_bound"
