# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;
use PServer::Tool;

use File::Path qw( make_path );
use Digest::SHA;
use MIME::Base64 ();
use Time::HiRes qw( sleep );

# a log that is anchored, and copies of what it serves, each changed in
# another way

our $log = state_dir() . '/anchored';
our $work = state_dir() . '/verify';
make_path($work);

sub anchored {
    my ($dir, $sender) = @_;
    my $chain = fixtures()->{chain};

    return config(pserver_audit => "$dir contract=$chain->{contracts}{anchor} "
        . 'sender=' . wallet($sender)->{address}
        . " chain=$chain->{chainId}", more => "
        location /log/ { pserver audit; }
        location = /plain { return 200 plain; }
");
}

our $config = anchored($log, 'owner2');
our $forked = anchored("$work/forked", 'owner2');
our $next = anchored($log, 'owner1');
our $kept = config(pserver_audit => "$work/kept", more => "
        location /log/ { pserver audit; }
");

our $n = 200;

our $url = 'http://127.0.0.1:' . port() . '/log';


sub rpc { fixtures()->{chain}{rpc} || 'http://127.0.0.1:' . port(5) }


sub ctl_verify {
    my ($where, @options) = @_;

    return ctl('audit', 'verify', '--log-key', "$work/key", @options, $where);
}


sub ctl_anchor {
    my ($name, @options) = @_;

    put("$work/sender", wallet($name)->{key});

    return ctl('audit', 'anchor', '--key', "$work/sender", '--log-key',
        "$work/key", '--rpc', rpc(), '--confirmations', 0, @options, $url);
}


sub get {
    my $path = shift;
    my $answer = http('GET', "/log/$path");

    die "$path: $answer->{status}" if $answer->{status} != 200;

    return $answer->{content};
}


# what is served, in a folder

sub mirror {
    my $to = shift;
    my $checkpoint = get('checkpoint');
    my $size = (split /\n/, $checkpoint)[1];
    my $tail = $size < 256 ? ".p/$size" : die 'too many entries';

    for my $tile ("tile/0/000$tail", "tile/entries/000$tail") {
        (my $folder = "$to/$tile") =~ s{/[^/]+$}{};
        make_path($folder);
        put("$to/$tile", get($tile));
    }

    put("$to/checkpoint", $checkpoint);

    return ($size, "$to/tile/0/000$tail", "$to/tile/entries/000$tail");
}


# the entries that are served

sub served {
    my $size = (split /\n/, get('checkpoint'))[1];
    return unpack '(n/a)*', get("tile/entries/000.p/$size");
}


sub master_pid {
    open my $in, '<', server_root() . '/logs/nginx.pid' or die $!;
    return 0 + <$in>;
}


# some entries more, and a checkpoint that has them

sub grow {
    my $n = shift;
    my $size = (split /\n/, get('checkpoint'))[1];

    for (1 .. $n) {
        start_job('app1', fresh('revoked'));
        start_job('app2', fresh('revoked'));
    }

    put_data($::n++) for 1 .. $n;

    wait_for { (split /\n/, get('checkpoint'))[1] >= $size + $n };
    sleep 0.1;
}


sub put_data {
    my $body = '{"n":' . shift() . '}';

    http('POST', '/v1/data/demo.log', { 'Content-Type' => 'application/json',
        Authorization => web3signed('owner1', 'POST', '/v1/data/demo.log',
            undef, bodyHash => 'sha256:'
                . Digest::SHA::sha256_hex($body)) }, $body);
}


run_tests();

__DATA__

=== TEST 1: a log verifies from its URL and its key alone
--- config eval: $::config
--- script
wait_for { http('GET', '/log/checkpoint')->{status} == 200 };
grow(4);
put("$work/key", get('key'));

like(get('checkpoint'), qr/^anchor \d+ 31337 0x\w{40} \L@{[wallet('owner2')->{address}]}\n\n/m,
    'the account is in the checkpoint');

my ($status, $text) = ctl_verify($url, '--state', "$work/state");
is($status, 0, 'verified') or diag($text);
like($text, qr/^pserver\/\w{16}: \d+ entries, nothing changed/, 'said');

put("$work/owner", wallet('owner1')->{key});
($status, $text) = ctl_verify($url, '--key', "$work/owner", '--aud', origin());
is($status, 0, 'by an owner') or diag($text);
like($text, qr/^[1-9]\d* entries are the owner's, none is withheld$/m, 'all there');
put("$work/owner", wallet('app1')->{key});
($status, $text) = ctl_verify($url, '--key', "$work/owner", '--aud', origin());
is($status, 1, 'by no owner');

($status, $text) = ctl('audit', 'verify', '--log-key',
    'pserver/0123456789abcdef+01234567+AR', $url);
is($status, 2, 'no key');
($status, $text) = ctl('audit', 'verify', '--log-key',
    'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', $url);
is($status, 1, 'another key');
like($text, qr/of another log, "pserver\//, 'a checkpoint from another log');



=== TEST 2: one transaction anchors all there is, and only its account can
--- config eval: $::config
--- script
my ($status, $text) = ctl_anchor('owner1');
is($status, 1, 'another account');
like($text, qr/the key is not that of the account/, 'said');

($status, $text) = ctl_anchor('owner2');
is($status, 0, 'anchored') or diag($text);
like($text, qr/^\d+ entries are anchored$/m, 'said');

($status, $text) = ctl_anchor('owner2');
is($status, 0, 'again');
like($text, qr/are anchored already/, 'nothing to do');

grow(2);
($status, $text) = ctl_anchor('owner2');
is($status, 0, 'anchored again') or diag($text);

($status, $text) = ctl_verify($url, '--rpc', rpc(), '--state', "$work/state");
is($status, 0, 'verified') or diag($text);
like($text, qr/^2 anchors hold, the last one is of \d+ entries$/m, 'anchors');

# a worker that starts asks the chain; an anchor is an entry once others are
# behind it, and only once

my $noted = sub { scalar grep { ord(substr $_, 1) == 4 } served() };
kill HUP => master_pid();
ok(wait_for { $noted->() }, 'an entry that it was seen');
sleep 2.5;
is($noted->(), 1, 'one');
is((split ' ', slurp("$log/noted"))[0], (split ' ', slurp("$log/anchored"))[0],
    'of how many entries');

# and not again by who comes next

kill HUP => master_pid();
sleep 2;
put_data($::n++);
sleep 1.5;
is($noted->(), 1, 'not again');

($status, $text) = ctl('audit', 'anchor', '--key', "$work/sender", '--log-key',
    "$work/key", '--rpc', 'http://127.0.0.1:1', $url);
is($status, 3, 'a node that is down');
like($text, qr/the node: /, 'said');



=== TEST 3: whatever was changed is found, and named
--- config eval: $::config
--- script
my ($size, $tile, $bundle) = mirror("$work/copy");
my ($status, $text) = ctl_verify("$work/copy", '--rpc', rpc());
is($status, 0, 'a copy verifies') or diag($text);

my ($hashes, $entries) = (slurp($tile), slurp($bundle));
my @entries = unpack '(n/a)*', $entries;
is(scalar @entries, $size, 'entries');

my $with = sub {
    my ($what, $expected, $list, $leaves) = @_;

    put($bundle, pack '(n/a)*', @$list);
    put($tile, $leaves || $hashes);
    ($status, $text) = ctl_verify("$work/copy", '--rpc', rpc());
    is($status, 1, $what);
    like($text, $expected, "$what is named");
};

my @list = @entries;
substr($list[5], -1) ^= "\1";
$with->('an entry changed', qr/entry 5 was changed/, \@list);

my $leaves = $hashes;
substr($leaves, 5 * 32, 32) = Digest::SHA::sha256("\0$list[5]");
$with->('an entry and its hash', qr/one of the entries 0 to \d+ is not what was anchored/,
    \@list, $leaves);

@list = @entries;
splice @list, 3, 1;
$with->('an entry removed', qr/entry 3 was removed or moved: entry 4/, \@list);

@list = @entries;
splice @list, 3, 0, $entries[2];
$with->('an entry put in', qr/entry 3 is not in its place: entry 2/, \@list);

@list = @entries;
@list[6, 7] = @list[7, 6];
$with->('two in another order', qr/entry 6 was removed or moved: entry 7/, \@list);

@list = @entries[0 .. $#entries - 1];
$with->('the last one missing', qr/entry @{[ $size - 1 ]} is missing/, \@list);

$with->('one more', qr/something is behind entry @{[ $size - 1 ]}/,
    [ @entries, $entries[0] ]);

@list = @entries;
$list[1] = 'no entry';
$with->('rubbish', qr/entry 1 was changed: it is no entry/, \@list);

unlink $bundle;
($status, $text) = ctl_verify("$work/copy");
like($text, qr/is withheld, from entry 0 on/, 'a tile withheld');

# what is cold is elsewhere: the log itself has the rest

put($bundle, $entries);
put($tile, $hashes);
($status, $text) = ctl_verify($url, '--tiles', "$work/copy");
is($status, 0, 'with old tiles from elsewhere') or diag($text);

put("$work/copy/checkpoint", get('checkpoint') =~ s/\n(\d+)\n/"\n" . ($1 + 1) . "\n"/er);
($status, $text) = ctl_verify("$work/copy", '--stop', $work);
like($text, qr/was changed: the key did not sign it/, 'a changed checkpoint');
like(slurp("$work/stopped"), qr/not its own/, 'stops a node');
unlink "$work/stopped";



=== TEST 4: a tree that was cut back
--- config eval: $::config
--- script
mirror("$work/old");
system('cp', '-a', $log, "$work/forked") == 0 or die;
grow(2);

my ($status, $text) = ctl_verify($url, '--state', "$work/state", '--with',
    "$work/old/checkpoint");
is($status, 0, 'consistent with an older checkpoint') or diag($text);
($status, $text) = ctl_verify("$work/old", '--state', "$work/state");
is($status, 1, 'older than what was verified');
like($text, qr/the tree was cut back: it has \d+ entries, and had \d+/, 'said');

($status, $text) = ctl_anchor('owner2');
is($status, 0, 'anchored') or diag($text);
($status, $text) = ctl_verify("$work/old", '--rpc', rpc());
like($text, qr/the tree was cut back: it has \d+ entries, \d+ were anchored/,
    'older than its anchor');



=== TEST 5: a log that was put back is seen by the node itself; a forked view
--- config eval: $::forked
--- alerts_expected
--- script
my $stopped = sub {
    my $reason = shift;
    my $answer;

    wait_for { ($answer = put_data($::n++))->{content} =~ /LOG_STOPPED/ };
    is($answer->{status}, 503, 'the node is stopped');
    like($answer->{content}, qr/the audit log is stopped: $reason/, 'and says why');
};

# there is an anchor on chain that nothing here knows of

$stopped->('it (was cut back behind|does not match) its anchor');

# each worker sees it within a second; none appends anything before

ok(wait_for { 12 == grep { http('POST', '/api/v1/operations', {}, '{}')->{content}
    =~ /the audit log is stopped/ } 1 .. 12 }, 'the compute API, too');
is(http('GET', '/health')->{status}, 503, 'all of it');
is(http('GET', '/plain')->{status}, 200, 'nginx goes on');
is(http('GET', '/log/checkpoint')->{status}, 200, 'and the public log');

my ($status, $text) = ctl('audit', 'accept', "$work/forked");
is($status, 0, 'an operator accepts') or diag($text);
like($text, qr/^it was stopped: it .* its anchor$/m, 'said');
like($text, qr/^the anchor of \d+ entries does not count any more$/m, 'said');
ok(wait_for { put_data($::n++)->{status} == 201 }, 'goes on');
($status, $text) = ctl('audit', 'accept', "$work/forked");
is($status, 1, 'there is nothing to accept');
grow(5);

($status, $text) = ctl_verify($url);
is($status, 0, 'it is whole in itself') or diag($text);
($status, $text) = ctl_verify($url, '--state', "$work/state");
is($status, 1, 'but not what was verified before');
like($text, qr/another view of the log .*: one of the entries \d+ to \d+ is not/,
    'said');
($status, $text) = ctl_verify($url, '--rpc', rpc());
like($text, qr/the anchor of \d+ entries does not match: one of the entries \d+ to/,
    'nor what was anchored');
($status, $text) = ctl_anchor('owner2', '--stop', "$work/forked");
is($status, 1, 'and is not anchored');
like($text, qr/does not begin with the \d+ entries that were anchored/, 'said');
$stopped->('it does not match its anchor');



=== TEST 6: an operator's stop: nothing is released until it is gone
--- config eval: $::config
--- alerts_expected
--- script
put("$log/stopped", "it does not match its anchor\n");
is(put_data(101)->{status}, 503, 'stopped');
is(http('GET', '/log/checkpoint')->{status}, 200, 'what was public stays');
unlink "$log/stopped";
ok(wait_for { put_data(102)->{status} == 201 }, 'goes on');



=== TEST 7: a node compares its log with the last anchor that was kept
--- config eval: $::kept
--- alerts_expected
--- script
wait_for { http('GET', '/log/checkpoint')->{status} == 200 };
my $root = sub {
    my ($size, $root) = (split /\n/, get('checkpoint'))[1, 2];
    return ($size, unpack 'H*', MIME::Base64::decode_base64($root));
};
my ($size, $hash) = $root->();
put("$work/kept/anchored", "$size $hash\n");
grow(2);
is(put_data($::n++)->{status}, 201, 'an anchor that it goes on from');

put("$work/kept/anchored", $size . ' ' . ($hash =~ tr/0-9a-f/1-9a-f0/r) . "\n");
ok(wait_for { put_data($::n++)->{content} =~ /it does not match its anchor/ },
    'another root');
is((ctl('audit', 'accept', "$work/kept"))[0], 0, 'accepted');
ok(wait_for { put_data($::n++)->{status} == 201 }, 'goes on');
sleep 1.5;
is(put_data($::n++)->{status}, 201, 'and stays so');



=== TEST 8: another account begins another epoch
--- config eval: $::next
--- script
grow(2);

my @epochs = get('checkpoint') =~ /^anchor (\d+) /mg;
is(scalar @epochs, 2, 'both are named');
my ($status, $text) = ctl_anchor('owner2');
is($status, 1, 'the old one is not the account now');
($status, $text) = ctl_anchor('owner1');
is($status, 0, 'the new one is') or diag($text);

# what the old one writes from now on says nothing, whatever it is

my (undef, undef, $public) = split /\+/, get('key'), 3;
my $id = Digest::SHA::sha256_hex((split /\n/, get('checkpoint'))[0] . "\n"
    . MIME::Base64::decode_base64($public));
chain('anchor', 'owner2', "0x$id", '18446744073709551615', '0x' . '11' x 32);
grow(1);
($status, $text) = ctl_anchor('owner1');
is($status, 0, 'the new one goes on') or diag($text);
($status, $text) = ctl_verify($url, '--rpc', rpc());
is($status, 0, 'verified') or diag($text);
like($text, qr/^5 anchors hold, the last one is of \d+ entries$/m, 'of both');
