# workers: 4

use lib 't/lib';
use PServer;
use PServer::Node;

# Several chain nodes, of which some are wrong.  Three of them, each before
# the real one, on PORT+7, PORT+8 and PORT+9; whoever asks, asks about a
# permission that is not there, or whose data is not there, so that 404 with
# the one text is a no of the chain, and with another one its yes.

our $id = 'id=' . fixtures()->{chain}{chainId};

our $more = join '', map { <<"END" } 7, 8, 9;
        location /_$_/ {
            internal;
            pserver_exchange;
            proxy_pass http://127.0.0.1:@{[ port($_) ]}/;
        }
END

our $yes = permission('not_stored');

node_start(port($_), port(5)) for 7, 8, 9;

sub nodes {
    my ($chain, %set) = @_;

    return config(pserver_chain => "$chain $id", pserver_chain_valid => '1ms',
        %set, more => $more);
}

sub ask {
    my $permission = shift || $yes;

    return http('POST', '/api/v1/operations',
        { 'Content-Type' => 'application/json' },
        operation('app1', { permission_id => $permission }));
}

sub is_yes {
    my ($answer, $name) = @_;

    is($answer->{status}, 404, "$name: 404");
    unlike($answer->{json}{detail}{detail}, qr/^no such permission$/,
        "$name: a yes");
}

sub is_open {
    my ($answer, $name) = @_;

    is($answer->{status}, 503, "$name: 503");
}

sub wrong { node_mode($_[0], $_[2], port($_[1])) }

sub right { node_mode('pass') }

# what /status says of a node

sub node {
    my $number = shift;
    my ($node) = grep { $_->{location} eq "/_$number/" }
        @{ http('GET', '/status')->{json}{nodes} };

    return $node;
}

# what nginx says of nodes(@$set)

sub says {
    my ($set, $message) = @_;
    my $dir = test_dir() . '/refused';

    mkdir $dir;
    open my $conf, '>', "$dir/nginx.conf" or die "$dir/nginx.conf: $!";
    print $conf "load_module $ENV{TEST_NGINX_LOAD_MODULES};\n",
        "pid $dir/nginx.pid;\nevents {}\nhttp {\naccess_log off;\n",
        http_config(), 'server { listen 127.0.0.1:', port(), ";\n",
        nodes(@$set), "}\n}\n";
    close $conf;

    local $ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} || '') . ':detect_leaks=0';

    my $nginx = "$ENV{TEST_NGINX_BINARY} -t -e stderr -p $dir/";
    my $said = `$nginx -c nginx.conf 2>&1`;

    like($said, qr/$message/, "nginx -t: @$set");
}

sub complaints {
    my $number = shift;

    open my $log, '<', server_root() . '/logs/error.log' or die;
    return scalar grep {
        m{\[error\].* the chain node "/_$number/" gave} } <$log>;
}

sub aside { node(shift)->{state} eq 'aside' }

run_tests();

__DATA__

=== TEST 1: one of two: whatever is wrong with the first, the second answers
--- config eval: main::nodes('/_7/ /_8/ timeout=1s fail_timeout=200ms')
--- script
is_yes(ask(), 'all is well');
is(node(7)->{state}, 'well', 'the first is well');
cmp_ok(node(7)->{answers}, '>', 0, 'and has answered');
is(node(8)->{answers}, 0, 'the second was not asked');

my $failures = 0;

for my $mode (qw( close garbage nothing half chunk big status error null 0x
                  other_chain back9 duplicate utf8 deep number wide ))
{
    wrong($mode, 7);
    is_yes(ask(), $mode);
    cmp_ok(node(7)->{failures}, '==', ++$failures, "$mode: it is counted");
    right();
    ok(wait_for(sub { !aside(7) }, 3), "$mode: it stands aside for a while");
}

for my $mode (qw( hang drip )) {
    wrong($mode, 7);

    my $start = Time::HiRes::time();
    is_yes(ask(), $mode);
    my $took = Time::HiRes::time() - $start;
    ok($took < 2, "$mode: within the time: $took s");

    right();
    ok(wait_for(sub { !aside(7) }, 3), "$mode: it stands aside for a while");
}

my $answers = node(7)->{answers};
is_yes(ask(), 'all is well again');
is(node(7)->{answers}, $answers + 1, 'the first is asked again');

wrong('close', 7);
wrong('hang', 8);
my $start = Time::HiRes::time();
is_open(ask(), 'both are wrong');
my $took = Time::HiRes::time() - $start;
ok($took < 3, "both are wrong: within the time: $took s");

right();
is_yes(ask(), 'nobody waits for a node to come back');



=== TEST 2: two of two
--- config eval: main::nodes('/_7/ /_8/ agree=2 timeout=500ms fail_timeout=100ms')
--- script
is_yes(ask(), 'they agree');
cmp_ok(node($_)->{answers}, '>', 0, "node $_ was asked") for 7, 8;

my $unknown = ask(fixtures()->{unknownPermission});
is($unknown->{json}{detail}{detail}, 'no such permission', 'on a no, too');

for my $mode (qw( lie close other_chain back9 0x hang )) {
    for my $number (7, 8) {
        wrong($mode, $number);
        is_open(ask(), "$mode of node $number");
        right();
        is_yes(ask(), "$mode of node $number is over");
    }
}

wrong('lie', 7, 'record');
is_open(ask(), 'no one knows who lies');
cmp_ok(node($_)->{differed}, '>', 0, "node $_ differed") for 7, 8;
right();



=== TEST 3: two of three: one may be wrong
--- config eval: main::nodes('/_7/ /_8/ /_9/ agree=2 timeout=1s fail_timeout=1s')
--- script
for my $mode (qw( close other_chain back9 fork hang )) {
    for my $number (7, 8) {
        wrong($mode, $number);
        is_yes(ask(), "$mode of node $number");
        ok(aside($number), "$mode of node $number: it stands aside");
        is_yes(ask(), "$mode of node $number, again");
        right();
        ok(wait_for(sub { !aside($number) }, 6), 'for a while');
    }
}

# its log has one line of this each time, whoever asks
wrong('close', 7);
my $lines = complaints(7);
is_yes(ask(), 'without the first') for 1 .. 3;
cmp_ok(node(7)->{failures}, '>', 0, 'failures are counted');
is(complaints(7), $lines + 1, 'and logged once');
right();
ok(wait_for(sub { !aside(7) }, 6), 'for a while');

# the third is asked who lies: that has cost one answer, and is then known
wrong('lie', 7);
is_open(ask(), 'one lies');
ok(aside(7), 'it stands aside');
ok(!aside($_), "node $_ does not") for 8, 9;
is_yes(ask(), 'and the others go on');

wrong('close', $_) for 7, 8, 9;
is_open(ask(), 'all are away');
right();
is_yes(ask(), 'and back');



=== TEST 4: a node that takes no batches
--- config eval: main::nodes('/_7/ timeout=2s')
--- script
node_mode('no_batch');
is_yes(ask(), 'one by one');
my %asked = node_asked();
cmp_ok($asked{head}, '==', 3, 'a batch, then two calls');

node_mode('no_batch');
is_yes(ask(), 'again');
%asked = node_asked();
cmp_ok($asked{head}, '==', 2, 'it is remembered');
is($asked{after}, 0, 'at a block by its hash');



=== TEST 5: a node that knows blocks by number only
--- config eval: main::nodes('/_8/ timeout=2s')
--- script
node_mode('no_hash');
is_yes(ask(), 'by number');
my %asked = node_asked();
is($asked{record}, 2, 'tried by hash');
is($asked{after}, 1, 'the hash is looked at again');

node_mode('no_hash_fork');
is_open(ask(), 'another block since then');
%asked = node_asked();
is($asked{record}, 1, 'it is remembered');



=== TEST 6: at the head and below it
--- config eval: main::nodes('/_7/ /_8/ agree=2', pserver_chain_depth => 3)
--- script
right();

my $added = chain('view', 'permissions', 'permissions', $yes)->{result};

chain('mine', 4);
is_yes(ask(), 'an old permission');

my $new = chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
    $added->[4], file_id('not_stored'))->{permissionId};
is(ask($new)->{json}{detail}{detail}, 'no such permission',
    'a new one is none yet');
chain('mine', 3);
is_yes(ask($new), 'until it is old enough');

chain('revoke', 'owner1', $new);
is(ask($new)->{status}, 403, 'a revocation counts at once');

# from one yes to another: it has another end, and is what it was again

chain('poke', $yes, { endBlock => 900_000_000 });
is_open(ask(), 'it was changed');
chain('mine', 1);
is_open(ask(), 'and is not old enough');
chain('mine', 1);
is_yes(ask(), 'as it is now');
chain('poke', $yes, { endBlock => '0x' . 'f' x 64 });
chain('mine', 3);
is_yes(ask(), 'as it was');

# what is not old enough, and goes with the blocks that it is in

$new = chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
    $added->[4], file_id('not_stored'))->{permissionId};
chain('mine', 2);
is(ask($new)->{json}{detail}{detail}, 'no such permission', 'none yet');
chain('rpc', 'anvil_reorg', 3, []);
chain('mine', 4);
is(ask($new)->{json}{detail}{detail}, 'no such permission', 'and never was');

# a revocation that goes with its block was none

$new = chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
    $added->[4], file_id('not_stored'))->{permissionId};
chain('mine', 4);
chain('revoke', 'owner1', $new);
is(ask($new)->{status}, 403, 'it is revoked');
chain('rpc', 'anvil_reorg', 1, []);
is_yes(ask($new), 'and is not any more');



=== TEST 7: three of three; a reorganisation between their answers
--- config eval: main::nodes('/_7/ /_8/ /_9/ agree=3 timeout=2s fail_timeout=100ms')
--- script
chain('mine', 2);
is_yes(ask(), 'they agree');
cmp_ok(node($_)->{answers}, '>', 0, "node $_ was asked") for 7, 8, 9;

for my $mode (qw( lie close fork back9 )) {
    for my $number (7, 8, 9) {
        wrong($mode, $number);
        is_open(ask(), "$mode of node $number");
        right();
        is_yes(ask(), "$mode of node $number is over");
    }
}

wrong('reorg', 9, 'record');
my $answer = ask();
ok($answer->{status} == 503 || $answer->{status} == 404, 'no other answer');
right();
is_yes(ask(), 'of the chain as it is now');

my $new = chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
    chain('view', 'permissions', 'permissions', $yes)->{result}[4],
    file_id('not_stored'))->{permissionId};
is_yes(ask($new), 'a new permission');
wrong('reorg', 9, 'record');
is_open(ask($new), 'whose block goes while it is read');
right();
is(ask($new)->{json}{detail}{detail}, 'no such permission', 'is none');



=== TEST 8: what "pserver_chain" and "pserver_chain_depth" do not take
--- script
my $no = 'invalid parameter';

says(['/_7/ /_8/ agree=2 timeout=1s fail_timeout=1m'], 'test is successful');
says(["/_7/ $_"], "$no \"\Q$_\E\"") for qw( agree=0 agree=-1 agree=two agree=
    timeout=0 timeout=-1s timeout=soon fail_timeout=0 fail_timeout= id=0 id=-1
    id=0x5c8 id=99999999999999999999 agrees=2 _8/ );
says(['/_7/ /_8/ agree=3'], 'has fewer locations than have to agree');
says(['/_7/ /_8/ /_7/'], 'names a location twice');
says([join ' ', map { "/_$_/" } 1 .. 9], 'has too many locations');
says(['agree=1'], 'requires a location');
says(['/_6/'], 'names "/_6/"');
says(['/_7/', pserver_chain => '/_7/ agree=1'], 'requires the parameter "id="');
says(["/_7/ $::id; pserver_chain /_8/"], 'is duplicate');
says(['/_7/', pserver_chain_depth => $_], '"pserver_chain_depth" .* number')
    for qw( -1 three 1.5 99999999999999999999 );
says(['/_7/', pserver_chain_depth => 10001],
    'value must be between 0 and 10000');
