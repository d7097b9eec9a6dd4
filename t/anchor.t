# pserverctl audit anchor, on a chain that does not do as it should: the log
# is a folder, there is no nginx

# workers: 4

use strict;
use warnings;

use lib 't/lib';
use PServer::Node;
use PServer::World;

use File::Path qw( make_path remove_tree );
use HTTP::Tiny;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw( sleep time );

my $port = $ENV{PORT} || 19840;
my $anvil = fixtures()->{chain}{rpc} || 'http://127.0.0.1:' . ($port + 5);
my $contract = fixtures()->{chain}{contracts}{anchor};
my $chain_id = fixtures()->{chain}{chainId};
my $work = test_dir() . '/anchor';
my $log = "$work/log";

# the account of the private key 1, and that of 2, which has nothing

my $sender = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';
my $poor = '0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF';
my $runs = 0;
my ($before, $tester);
my $first = rpc('eth_blockNumber');
my ($key, $no_funds) = map { '0x' . '0' x 63 . $_ } 1, 2;

# an AuditAnchor that has nothing anchored and takes nothing

my $refuses = '0x60003560e01c6368205bc314601357600080fd5b60806000f3';


sub rpc {
    my ($method, @params) = @_;
    my $answer = HTTP::Tiny->new->post($anvil, {
        headers => { 'Content-Type' => 'application/json' },
        content => json({ jsonrpc => '2.0', id => 1, method => $method,
            params => \@params }) });
    my $said = json($answer->{content});

    die "$method: $answer->{content}" if $said->{error};

    return $said->{result};
}

sub automine { rpc('evm_setAutomine', $_[0] ? \1 : \0) }
sub mine { rpc('evm_mine') for 1 .. $_[0] || 1 }
sub base_fee {
    rpc('anvil_setNextBlockBaseFeePerGas', sprintf '0x%x', $_[0] * 1e9);
    mine();
}

sub nonce { hex rpc('eth_getTransactionCount', $sender, $_[0] || 'latest') }

sub head { hex rpc('eth_blockNumber') }

# what waits in the pool for a block

sub pool {
    my $pending = rpc('txpool_content')->{pending};

    return map { values %{$pending->{$_}} }
        grep { lc $_ eq lc $sender } keys %$pending;
}

# sizes of the events on the chain

sub anchors {
    my $from = lc substr $sender, 2;
    my $events = rpc('eth_getLogs', { fromBlock => $first, address => $contract,
        topics => [ undef, '0x' . '0' x 24 . $from ] });

    return join ' ', map { hex substr $_->{data}, 2, 64 } @$events;
}


# the log, or another one, grows by so many entries

sub grow {
    my ($n, $dir, $who) = @_;

    system(root_dir() . '/build/bench/audit', 'fill', $dir || $log, $n,
        $chain_id, $contract, $who || $sender) == 0 or die 'audit fill';
}


# a run of the tool: what it says, how it ends

sub start {
    my @options = @_;
    my $said = "$work/said-" . ++$runs;
    my %o = ('--key' => $key, '--log-key' => "$log/public/key",
        '--rpc' => $anvil, '--confirmations' => 0, @options);
    my $dir = delete $o{dir} || "$log/public";

    my $pid = fork;
    die $! if !defined $pid;

    if ($pid == 0) {
        open STDOUT, '>', $said;
        open STDERR, '>&STDOUT';
        exec root_dir() . '/build/bin/pserverctl', 'audit', 'anchor', %o, $dir;
        exit 127;
    }

    return { pid => $pid, said => $said };
}

sub said {
    open my $in, '<', shift->{said} or return '';
    local $/;
    return scalar <$in>;
}

sub ended {
    my ($run, $expected, $like, $name) = @_;

    waitpid $run->{pid}, 0;
    my $text = said($run);

    is($? >> 8, $expected, $name) or diag($text);
    like($text, $like, "$name: said");

    return $text;
}

sub wait_until(&$) {
    my ($what, $name) = @_;

    for (1 .. 160) {
        return pass($name) if $what->();
        sleep 0.05;
    }

    fail($name);
}


# a node whose chain is as long as can be, and which says each time that one
# more transaction of the account is mined, of which it knows none

sub liar {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port + 8, Listen => 16, ReuseAddr => 1) or die $!;
    my $nonce = 0;
    my $pid = fork;

    return $pid if $pid;

    while (1) {
        my $client = $listen->accept or next;
        my ($head, $body) = ('', '');

        while ($head !~ /\r\n\r\n\z/) {
            sysread $client, $head, 1, length $head or last;
        }

        my ($len) = $head =~ /^Content-Length: (\d+)/mi;
        sysread $client, $body, $len - length $body, length $body or last
            while length $body < ($len || 0);

        my $asked = json($body);
        my $said = lies($asked->{method}, $asked->{params}, \$nonce);
        my $text = json({ jsonrpc => '2.0', id => $asked->{id},
            result => $said });

        print $client "HTTP/1.1 200 OK\r\nConnection: close\r\n"
            . 'Content-Length: ' . length($text) . "\r\n\r\n$text";
        close $client;
    }
}

sub lies {
    my ($method, $params, $nonce) = @_;

    return sprintf '0x%x', $params->[1] eq 'latest' ? ++$$nonce : $$nonce
        if $method eq 'eth_getTransactionCount';

    if ($method eq 'eth_sendRawTransaction') {
        open my $out, '>>', "$work/lied-to" or die $!;
        print $out "$params->[0]\n";
    }

    return {
        eth_chainId => sprintf('0x%x', $chain_id),
        eth_blockNumber => '0x' . 'f' x 16,
        eth_call => '0x' . '0' x 256,
        eth_getLogs => [],
        eth_maxPriorityFeePerGas => '0x1',
        eth_getBlockByNumber => { baseFeePerGas => '0x1' },
        eth_estimateGas => '0x10000',
        eth_getBalance => '0x8ac7230489e80000',
        eth_sendRawTransaction => '0x' . '1' x 64,
    }->{$method};
}

# a check of a log, which has to end

sub verify {
    my ($dir, @options) = @_;

    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'timeout', 10,
        root_dir() . '/build/bin/pserverctl', 'audit', 'verify', '--log-key',
        "$log/public/key", @options, $dir or die $!;
    my $text = join '', <$out>;
    close $out;

    return ($? >> 8, $text);
}


system('make', '-s', '-C', root_dir(), 'build/bench/audit') == 0 or die;
remove_tree($work);
make_path($work);
grow(10);

$before = rpc('evm_snapshot');
$tester = $$;
rpc('anvil_setBalance', $sender, '0x8ac7230489e80000');
rpc('anvil_setBalance', $poor, '0x0');
node_start($port + 7, $port + 5);
my $node = 'http://127.0.0.1:' . ($port + 7);
my ($run, $text, $nonce, $hash, @pool, $status);


# a node that lies: it has so many signatures, and no more.  That takes a
# while, and goes on beside the rest

my $liar = liar();
my $lies = 'http://127.0.0.1:' . ($port + 8);

grow(10, "$work/lied");
my $lied = start('--rpc' => $lies, '--every' => 1, dir => "$work/lied/public",
    '--log-key' => "$work/lied/public/key");

($status, $text) = verify("$log/public", '--rpc' => $lies);
isnt($status, 124, 'a chain without end');
like($text, qr/last block is 18446744073709551615: no chain is that long/,
    'is refused');


# the folder of a log may have any name, but for a path that is too long

make_path("$work/a.p");
system('cp', '-a', $log, "$work/a.p/log") == 0 or die;
($status, $text) = verify("$work/a.p/log/public");
is($status, 0, 'a folder with the name of a part') or diag($text);

($status, $text) = verify("$log/public" . '/.' x 2040);
isnt($status, 0, 'a path that is too long');
like($text, qr/the path is too long/, 'is refused');


# blocks are counted

automine(1);
$run = start('--confirmations' => 2);
wait_until { anchors() eq '10' } 'anchored';
mine();
sleep 0.7;
is(said($run), '', 'one block above is not enough');
mine();
ended($run, 0, qr/^10 entries are anchored$/, 'two are');
ended(start('--confirmations' => 2), 0, qr/^10 entries are anchored already$/,
    'there is nothing to do');
ended(start('--confirmations' => 3, '--timeout' => 1), 3,
    qr/^pserverctl: 10 entries are not anchored yet: too few blocks are above$/,
    'one that is not deep enough');


# killed between sending and its block, and started again

automine(0);
grow(2);
$nonce = nonce();
$run = start();
wait_until { nonce('pending') == $nonce + 1 } 'sent';
($hash) = map { $_->{hash} } pool();
kill KILL => $run->{pid};
waitpid $run->{pid}, 0;

$run = start();
sleep 1;
@pool = pool();
is(scalar @pool, 1, 'not sent a second time');
is($pool[0]{hash}, $hash, 'nor another in its place');
mine();
ended($run, 0, qr/^12 entries are anchored$/, 'a new run waits for it');
is(nonce(), $nonce + 1, 'one transaction');

# killed when it was mined, but not deep enough

automine(1);
grow(1);
$run = start('--confirmations' => 1);
wait_until { anchors() eq '10 12 13' } 'mined';
kill KILL => $run->{pid};
waitpid $run->{pid}, 0;
$run = start('--confirmations' => 1);
sleep 0.5;
is(said($run), '', 'a new run waits for the blocks');
mine();
ended($run, 0, qr/^13 entries are anchored$/, 'and is done');
is(anchors(), '10 12 13', 'no second anchor');


# two runs at once

automine(0);
grow(1);
$nonce = nonce();
$run = start();
wait_until { nonce('pending') == $nonce + 1 } 'sent';
my $other = start();
sleep 0.5;
is(scalar(@{[ pool() ]}), 1, 'the other sends nothing');
mine();
ended($_, 0, qr/^14 entries are anchored$/, 'both are content')
    for $run, $other;


# the node loses it

grow(1);
$nonce = nonce();
$run = start();
wait_until { nonce('pending') == $nonce + 1 } 'sent';
rpc('anvil_dropTransaction', (pool())[0]{hash});
is(nonce('pending'), $nonce, 'dropped');
wait_until { nonce('pending') == $nonce + 1 } 'sent again';
mine();
ended($run, 0, qr/lost the transaction with the nonce $nonce: it is sent again\n15 entries are anchored$/,
    'and anchored');


# another transaction has its nonce

grow(1);
$nonce = nonce();
$run = start();
wait_until { nonce('pending') == $nonce + 1 } 'sent';
rpc('anvil_impersonateAccount', $sender);
rpc('eth_sendTransaction', { from => $sender, to => $sender,
    nonce => sprintf('0x%x', $nonce), maxFeePerGas => '0x2540be400',
    maxPriorityFeePerGas => '0x2540be400' });
rpc('anvil_stopImpersonatingAccount', $sender);
mine();
is(nonce(), $nonce + 1, 'another took its nonce');
wait_until { nonce('pending') == $nonce + 2 } 'sent with the next';
mine();
ended($run, 0, qr/another transaction of this account took the nonce $nonce: .*\n16 entries are anchored$/,
    'and anchored');


# a reorganisation takes it back

grow(1);
$nonce = nonce();
$run = start('--confirmations' => 2);
wait_until { nonce('pending') == $nonce + 1 } 'sent';
mine();
like(anchors(), qr/ 17$/, 'mined');
sleep 0.5;
rpc('anvil_reorg', 1, []);
rpc('anvil_dropAllTransactions');
unlike(anchors(), qr/ 17$/, 'gone');
wait_until { nonce('pending') == $nonce + 1 } 'sent again';
mine();
sleep 0.5;
is(said($run) =~ /are anchored/, '', 'its blocks are counted anew');
mine(2);
ended($run, 0, qr/^17 entries are anchored$/m, 'and anchored');

# after the run had ended

rpc('anvil_reorg', 3, []);
rpc('anvil_dropAllTransactions');
unlike(anchors(), qr/ 17$/, 'gone, later');
automine(1);
ended(start(), 0, qr/^17 entries are anchored$/m, 'the next run anchors it');


# stuck: more is offered, up to the limit

automine(0);
base_fee(1.2);
grow(1);
$nonce = nonce();
$run = start('--resend' => '1s', '--max-fee' => 4);
wait_until { nonce('pending') == $nonce + 1 } 'sent';
my $fee = hex((pool())[0]{maxFeePerGas});
wait_until { hex((pool())[0]{maxFeePerGas}) >= $fee * 1.125 } 'more is offered';
is(scalar(@{[ pool() ]}), 1, 'in its place');
wait_until { said($run) =~ /with the nonce $nonce offers as much as --max-fee/ }
    'up to the limit';
cmp_ok(hex((pool())[0]{maxFeePerGas}), '<=', 4e9, 'and no more');
mine();
ended($run, 0, qr/with the nonce $nonce is stuck.*\n18 entries are anchored$/s,
    'and anchored');


# too dear: it waits, and says so once

base_fee(9);
grow(1);
$run = start('--max-fee' => 3);
wait_until { said($run) =~ /costs more than --max-fee now, \d gwei: nothing/ }
    'too dear';
sleep 1.2;
is(scalar(@{[ pool() ]}), 0, 'nothing is sent');
base_fee(1);
wait_until { 1 == pool() } 'sent when it costs less';
mine();
$text = ended($run, 0, qr/^19 entries are anchored$/m, 'and anchored');
is(scalar(() = $text =~ /costs more/g), 1, 'said once');

base_fee(9);
grow(1);
ended(start('--max-fee' => 3, '--timeout' => 1), 3,
    qr/20 entries are not anchored yet/, 'it gives up');
base_fee(1);
automine(1);


# a node that is down, or says no, at the beginning and on the way

for (['close', qr/the node: /], ['status', qr/the node: .*status 500/],
    ['garbage', qr/the node: /], ['null', qr/the node: /])
{
    node_mode($_->[0]);
    ended(start('--rpc' => $node), 3, $_->[1], "a node that says $_->[0]");
}

node_mode('other_chain');
ended(start('--rpc' => $node), 1,
    qr/the node is of chain 1, the log is anchored on $chain_id/, 'another chain');

node_mode('pass');
automine(0);
$run = start('--rpc' => $node);
wait_until { 1 == pool() } 'sent';
node_mode('close');
wait_until { said($run) =~ /the node: / } 'the node went down';
automine(1);
mine();
sleep 0.5;
node_mode('pass');
$text = ended($run, 0, qr/^20 entries are anchored$/m, 'and came back');
is(scalar(() = $text =~ /the node/g), 1, 'said once');

# for ever, whatever comes

grow(1);
node_mode('close');
$run = start('--rpc' => $node, '--every' => 1);
wait_until { said($run) =~ /the node: / } 'down at the start';
node_mode('pass');
wait_until { anchors() =~ / 21$/ } 'anchored in a later round';
grow(1);
wait_until { anchors() =~ / 22$/ } 'and the next ones';
kill TERM => $run->{pid};
waitpid $run->{pid}, 0;


# an account without funds

grow(3, "$work/poor", $poor);
ended(start('--key' => $no_funds, '--log-key' => "$work/poor/public/key",
    dir => "$work/poor/public"), 1,
    qr/the account \L$poor\E has 0 gwei, and an anchor may cost \d+ gas/,
    'no funds');


# a contract that refuses, before it is sent or when it is mined

my $code = rpc('eth_getCode', $contract, 'latest');

grow(1);
rpc('anvil_setCode', $contract, $refuses);
ended(start(), 1, qr/the contract refuses the anchor of 23 entries: eth_estimateGas/,
    'it refuses');
rpc('anvil_setCode', $contract, $code);

automine(0);
$run = start();
wait_until { 1 == pool() } 'sent';
rpc('anvil_setCode', $contract, $refuses);
mine();
my $block = head();
ended($run, 1, qr/the contract refused the anchor, in block $block/,
    'it refused');
rpc('anvil_setCode', $contract, '0x');
ended(start(), 3, qr/is the contract there\?/, 'there is none');
rpc('anvil_setCode', $contract, $code);
automine(1);


# one that takes more gas than an anchor does

rpc('anvil_setCode', $contract,
    '0x60003560e01c6368205bc3146015576218000051005b60806000f3');
ended(start(), 1, qr/an anchor takes \d{7} gas, and none takes more than/,
    'gas without bound');
is(scalar(@{[ pool() ]}), 0, 'nothing is sent');
rpc('anvil_setCode', $contract, $code);


# a log that was cut back

system('cp', '-a', $log, "$work/old") == 0 or die;
grow(1);
ended(start(), 0, qr/^24 entries are anchored$/, 'it goes on');
ended(start(dir => "$work/old/public", '--stop' => $work), 1,
    qr/the log was cut back: it has 23 entries, 24 were anchored/,
    'fewer than were anchored');
ok(-s "$work/stopped", 'which stops a node');


# what was sent in one round is mined in a later one, when the log has grown

automine(0);
grow(1);
$nonce = nonce();
$run = start('--every' => 1, '--timeout' => 3);
wait_until { nonce('pending') == $nonce + 1 } 'sent';
grow(1);
wait_until { said($run) =~ /25 entries are not anchored yet/ } 'not in time';
automine(1);
mine();
wait_until { anchors() =~ / 25 26$/ } 'the next round goes on behind it';
kill TERM => $run->{pid};
waitpid $run->{pid}, 0;


# it has named one nonce after the other

wait_until { said($lied) =~ /named more than 8 nonces, .* nothing more is/ }
    'a node that lies';
sleep 1.5;
is(waitpid($lied->{pid}, 1), 0, 'it goes on, for when the anchor is there');
kill TERM => $lied->{pid};
waitpid $lied->{pid}, 0;
open my $signed, '<', "$work/lied-to" or die $!;
is(scalar(() = <$signed>), 8, 'so many were signed');

done_testing();


# the chain goes on from where it was

END {
    if ($before && $$ == $tester) {
        local $?;
        kill KILL => $liar if $liar;
        waitpid $liar, 0 if $liar;
        automine(1);
        rpc('evm_revert', $before);
    }
}
