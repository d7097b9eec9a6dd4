use lib 't/lib';
use PServer;
use PServer::Jobs;

use Digest::SHA qw( sha256_hex );
use Fcntl qw( :flock );
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw( sleep time );

our $log = state_dir() . '/log';
our $config = config(more => "
        location /log/ { pserver audit; }
");

# a disk of 64 KiB

our $small = state_dir() . '/small';
our $full = config(pserver_audit => "$small/log", more => "
        location /log/ { pserver audit; }
");

mkdir $small;
system('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', $small) == 0
    or die "mount failed\n";

my $mounted_by = $$;

END { system('umount', '-l', $small) if $$ == $mounted_by }

our $messages = '/v1/data/demo.messages';


# what t/lib/audit.mjs makes of the log on disk; dies where it does not hold

sub verified {
    my $log = shift || $log;
    my $state = state_dir();

    open my $out, '-|', 'node', root_dir() . '/t/lib/audit.mjs', $log,
        "$state/store", "$state/root" or die $!;
    local $/;
    my $text = <$out>;
    close $out or die "the log does not verify\n";

    return json($text);
}


sub owner { lc substr wallet(shift)->{address}, 2 }


# the newest entry with this action

sub newest {
    my $action = shift;
    my ($entry) = grep { $_->{action} eq $action }
        reverse @{ verified()->{opened} };

    return $entry;
}


# the app gets the result of its operation, which is in $job since TEST 4

our $job;

sub app_asks {
    my ($agent, $authorization) = @_;

    return http('GET', $job, { 'User-Agent' => $agent,
        Authorization => $authorization || web3signed('app1', 'GET', $job) });
}


sub owner_asks {
    my ($name, $query) = @_;

    return http('GET', '/v1/access-logs' . ($query || ''),
        { Authorization => web3signed($name, 'GET', '/v1/access-logs') });
}


# the checkpoint once it speaks of all: its size and root

sub checkpoint {
    my $log = shift || verified();
    my @lines;

    wait_for {
        @lines = split /\n/, http('GET', '/log/checkpoint')->{content} || '';
        ($lines[1] || 0) >= $log->{entries};
    };

    return "@lines[1, 2]";
}


sub tile_path {
    my ($level, $index, $width) = @_;
    my $path = sprintf '%03d', $index % 1000;

    $path = sprintf 'x%03d/%s', $index % 1000, $path
        while $index = int $index / 1000;

    return "/log/tile/$level/$path" . ($width < 256 ? ".p/$width" : '');
}


# all tiles of a level, or bundles, as they are served

sub tiles {
    my ($level, $size) = @_;
    my $text = '';

    for (my $at = 0; $at < $size; $at += 256) {
        my $width = $size - $at < 256 ? $size - $at : 256;
        my $answer = http('GET', tile_path($level, $at / 256, $width));

        die "tile: $answer->{status}" if $answer->{status} != 200;
        $text .= $answer->{content};
    }

    return $text;
}


# what pserverctl finds in what is public; nothing if it is whole

sub whole {
    my $text = qx{@{[ root_dir() ]}/build/bin/pserverctl audit verify --log-key $log/public/key http://127.0.0.1:@{[ port() ]}/log 2>&1};
    return $? ? $text : '';
}


sub master_pid {
    open my $in, '<', server_root() . '/logs/nginx.pid' or die $!;
    return 0 + <$in>;
}


sub workers_running {
    my $master = master_pid();
    my @pids;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my ($pid, $parent) = (<$in> || '') =~ /^(\d+) .*\) \S (\d+)/ or next;
        push @pids, $pid if $parent == $master;
    }

    return @pids;
}


# an owner whose keys are deleted

our $forgotten = owner('owner2');

our $store = sub {
    my $uri = '/v1/data/demo.forgotten';

    return http('POST', $uri, { 'Content-Type' => 'application/json',
        Authorization => web3signed('owner2', 'POST', $uri, undef,
            bodyHash => 'sha256:' . sha256_hex($_[0])) }, $_[0])->{status};
};


run_tests();

__DATA__

=== TEST 1: the log begins with the start of the node, and verifies
--- config eval: $::config
--- script
my $log = wait_for { eval { my $v = verified(); $v->{entries} && $v } };
is($log->{opened}[0]{action}, 'start', 'the first entry');

$log = verified();
is(checkpoint($log), "$log->{entries} $log->{root}", 'size and root');
my $checkpoint = http('GET', '/log/checkpoint');
is($checkpoint->{headers}{'content-type'}, 'text/plain; charset=utf-8', 'its type');
is($checkpoint->{headers}{'cache-control'}, 'no-cache', 'not kept');
is(http('GET', '/log/checkpoint', { 'If-Modified-Since' =>
    $checkpoint->{headers}{'last-modified'} })->{status}, 304, 'unless it is old');
my ($name) = split /\n/, $checkpoint->{content};
like(http('GET', '/log/key')->{content}, qr/^\Q$name\E\+[0-9a-f]{8}\+\S{44}\n$/,
    'the key has its name');
is(http('HEAD', '/log/key')->{status}, 200, 'HEAD');



=== TEST 2: what is asked of the public log must make sense
--- config eval: $::config
--- script
my %expected = (
    'tile/0/000.p/1' => 200, 'tile/entries/000.p/1' => 200,
    'tile/0/000' => 404, 'tile/0/000.p/255' => 404, 'tile/0/001' => 404,
    'tile/entries/000' => 404, 'tile/entries/000.p/255' => 404,
    'tile/0/000.part' => 404, 'tile/1/000.p/1' => 404, 'tile/' => 404,
    'tile/0/000.p/0' => 404, 'checkpoints' => 404, '' => 404,
    'state' => 404, 'log' => 404, '../key' => 404, 'anchor' => 404,
);
is(http('GET', "/log/$_")->{status}, $expected{$_}, $_)
    for sort keys %expected;
is(http('POST', '/log/checkpoint')->{status}, 405, 'POST');
is(http('GET', '/log/tile/0/000.p/1')->{headers}{'cache-control'},
    'public, max-age=60, immutable', 'a tile that grows');



=== TEST 3: a write of the owner is an entry of the owner, sealed
--- config eval: $::config
--- script
my $body = example('export.json');
is(http('POST', $messages, { 'Content-Type' => 'application/json',
    'User-Agent' => 'owner-agent',
    Authorization => web3signed('owner1', 'POST', $messages, undef,
        bodyHash => 'sha256:' . sha256_hex($body)) },
    $body)->{status}, 201, 'stored');

my $entry = wait_for { newest('write') };
is($entry->{scope}, 'demo.messages', 'scope');
is($entry->{owner}, owner('owner1'), 'owner');
is($entry->{of}, owner('owner1'), 'whose chain');
is($entry->{userAgent}, 'owner-agent', 'user agent');
is($entry->{ip}, '127.0.0.1', 'ip');
is($entry->{object}, sha256_hex($body), 'digest') if $entry->{object};



=== TEST 4: an operation of an app, from acceptance to release
--- config eval: $::config
--- script
my $a = start_job('app1', fresh('ok'));
is($a->{status}, 202, 'accepted');

my $id = $a->{json}{id};
is(newest('operation_accepted')->{operationId}, $id, 'its entry is there');
is(finish('app1', $id)->{json}{status}, 'succeeded', 'succeeded');
$job = "/api/v1/operations/$id";

is(app_asks('app-agent')->{status}, 200, 'the app asks for the result');

my $entry = newest('operation_released');
is($entry->{userAgent}, 'app-agent', 'user agent');
is($entry->{app}, owner('app1'), 'app');
is($entry->{of}, owner('owner1'), 'whose chain');
is($entry->{operation}, 'word_count', 'operation');
is($entry->{operationId}, $id, 'id');
is(hex $entry->{permission}, permission('ok'), 'permission');
cmp_ok($entry->{block}, '>', 0, 'block');

my @way = grep { ($_->{operationId} || '') eq $id }
    @{ verified()->{opened} };
is(join(' ', map { $_->{action} } @way[0 .. 2]), 'operation_accepted '
    . 'operation_started operation_finished', 'its way');

is(start_job('app1', fresh('revoked'))->{status}, 403, 'a refusal');
$entry = wait_for { newest('refused') };
is($entry->{reason}, 'AUTHORIZATION_ERROR', 'its reason');
is($entry->{app}, owner('app1'), 'who was refused');

# that the permission is over is said once, whoever asks

start_job('app1', fresh('revoked')) for 1, 2;
wait_for { newest('revocation_seen') };
my @seen = grep { $_->{action} eq 'revocation_seen' } @{ verified()->{opened} };
is(scalar @seen, 1, 'a revocation seen');
is(hex $seen[0]{permission}, permission('revoked'), 'of which permission');
is($seen[0]{of}, owner('owner1'), 'whose chain');
is($seen[0]{app}, owner('app1'), 'the app');
cmp_ok($seen[0]{block}, '>', 0, 'at which block');



=== TEST 5: no answer before the log has the entry
--- config eval: $::config
--- script
open my $lock, '+<', "$log/lock" or die "$log/lock: $!";
flock $lock, LOCK_EX or die $!;

my $pid = fork;
if (!$pid) {
    sleep 0.7;
    close $lock;
    POSIX::_exit(0);
}
close $lock;

my $since = time;
is(app_asks('patient')->{status}, 200, 'the app reads');
cmp_ok(time - $since, '>', 0.5, 'after the log was free');
waitpid $pid, 0;
is(newest('operation_released')->{userAgent}, 'patient', 'its entry');



=== TEST 6: what is served is what is on the disk
--- config eval: $::config
--- script
my $log = verified();
is(checkpoint($log), "$log->{entries} $log->{root}", 'size and root');
is(sha256_hex(tiles('entries', $log->{entries})), $log->{bundles}, 'entries');
is(sha256_hex(tiles(0, $log->{entries})), $log->{leaves}, 'their hashes');



=== TEST 7: the proof of an operation, for its app and its owner
--- config eval: $::config
--- script
my $proof = sub {
    my ($name, $query) = @_;
    my $answer;

    # an entry is published soon after it was written

    wait_for {
        $answer = http('GET', "$job/proof" . ($query || ''), {
            Authorization => web3signed($name, 'GET', "$job/proof") });
        $answer->{status} != 503;
    };

    return $answer;
};
my $fields = sub { join ' ', map { $_->{field} } @{ shift()->{openings} } };

my $app = $proof->('app1');
is($app->{status}, 200, 'the app');
is($app->{json}{kind}, 'OperationProof', 'kind');
is($app->{json}{anchor}, undef, 'no anchor');
is($fields->($app->{json}), '1 2 3 4 5 7 8 9', 'what the app has said itself');
is($proof->('owner1')->{json}{entry}, $app->{json}{entry}, 'the owner: the same');

my $dir = state_dir();
my $holds = sub {
    my $text = shift;
    open my $out, '>:raw', "$dir/proof" or die $!;
    print $out $text;
    close $out;
    return scalar qx{@{[ root_dir() ]}/build/bin/pserverctl audit proof --log-key $log/public/key $dir/proof 2>&1};
};

like($holds->($app->{content}), qr/^entry \d+ of pserver\/\w{16}: operation_accepted, among \d+ that were signed\nnot under an anchor yet$/m, 'it holds');
like($holds->($app->{content} =~ s/"id":"./"id":"x/r), qr/no proof of an operation/, 'another form');
like($holds->($app->{content} =~ s/"id":"(.)/'"id":"' . ($1 eq '0' ? 1 : 0)/er),
    qr/not shown to be of this operation/, 'another operation');
like($holds->($app->{content} =~ s/"value":"\w\w/"value":"AA/r),
    qr/not what the entry commits to/, 'another value');

# where an owner has asked from is nothing for the app

is(http('GET', $job, { 'User-Agent' => 'owner-asks',
    Authorization => web3signed('owner1', 'GET', $job) })->{status}, 200, 'the owner asks');
my $released = newest('operation_released');
is($released->{userAgent}, 'owner-asks', 'its entry');
$app = $proof->('app1', "?entry=$released->{sequence}");
is($fields->($app->{json}), '1 2 3 4 5 9 12', 'without ip, user agent, and the input');
like($holds->($app->{content}), qr/operation_released/, 'it holds');
is($fields->($proof->('owner1', "?entry=$released->{sequence}")->{json}),
    '1 2 3 4 5 7 8 9 11 12', 'the owner sees all');

is($proof->($_)->{status}, 404, $_) for 'app2', 'owner2';
is($proof->('app1', '?entry=0')->{status}, 404, 'another entry');
is($proof->('app1', '?entry=99999999')->{status}, 404, 'no entry');
is($proof->('app1', '?entry=x')->{status}, 422, 'no number');
is(http('GET', "$job/proof")->{status}, 401, 'without a signature');



=== TEST 8: the owner reads the owner's entries, newest first, in pages
--- config eval: $::config
--- script
my $answer = owner_asks('owner1');
is($answer->{status}, 200, 'access logs');

my $all = $answer->{json};
is($all->{limit}, 50, 'limit');
is($all->{offset}, 0, 'offset');
is($all->{total}, scalar @{ $all->{logs} }, 'total');
is($all->{total}, verified()->{owners}{owner('owner1')}, 'all of the chain');

my ($read) = grep { $_->{userAgent} eq 'app-agent' } @{ $all->{logs} };
is($read->{action}, 'operation_released', 'action');
is($read->{builder}, wallet('app1')->{address}, 'builder');
is($read->{grantId}, permission('ok'), 'grantId');
is($read->{operation}, 'word_count', 'operation');
is($read->{scope}, '', 'scope');
is($read->{ipAddress}, '127.0.0.1', 'ipAddress');
like($read->{timestamp}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    'timestamp');
is($all->{logs}[-1]{action}, 'write', 'the oldest is the last');
is($all->{logs}[-1]{scope}, 'demo.messages', 'its scope');

my @ids = map { $_->{logId} } @{ $all->{logs} };
is(join(' ', @ids), join(' ', sort { $b <=> $a } @ids), 'order');

is_deeply(owner_asks('owner1', '?limit=1&offset=1')->{json}{logs},
    [ $all->{logs}[1] ], 'a page');
is_deeply(owner_asks('owner1', "?offset=$all->{total}")->{json}{logs},
    [], 'after the last page');
is(owner_asks('owner1', "?$_")->{status}, 400, $_)
    for 'limit=0', 'limit=x', 'offset=-1';



=== TEST 9: and nobody else
--- config eval: $::config
--- script
my $other = owner_asks('owner2');
is($other->{status}, 200, 'the other owner');
is($other->{json}{total}, 0, 'has none');
is(owner_asks($_)->{status}, 401, $_) for 'app1', 'stranger';
is(http('GET', '/v1/access-logs')->{status}, 401, 'without a signature');



=== TEST 10: a user agent may be any bytes
--- config eval: $::config
--- script
my $socket = IO::Socket::INET->new('127.0.0.1:' . port()) or die $!;

print $socket "GET $job HTTP/1.0\r\nUser-Agent: quo\"te\\ \xff\xfe\r\n",
    'Authorization: ', web3signed('app1', 'GET', $job), "\r\n\r\n";
like(<$socket>, qr/ 200 /, 'bytes');
close $socket;

is(app_asks('long ' x 1000)->{status}, 200, 'long');

my $logs = owner_asks('owner1', '?limit=2')->{json}{logs};
is($logs->[0]{userAgent}, substr('long ' x 1000, 0, 512), 'cut');
is($logs->[1]{userAgent}, 'quo"te\\ ??', 'no UTF-8');



=== TEST 11: nothing on the disk or on the wire names anybody
--- config eval: $::config
--- script
my $size = (split ' ', checkpoint())[0];
open my $in, '<:raw', "$log/log" or die $!;
my $text = do { local $/; <$in> } . tiles('entries', $size);

for my $name (qw( owner1 owner2 app1 app2 )) {
    my $address = wallet($name)->{address};

    unlike($text, qr/\Q$address\E/i, $name);
    is(index($text, pack 'H*', substr $address, 2), -1, "$name, bytes");
}
is(index($text, $_), -1, $_)
    for 'demo.messages', 'agent', '127.0.0.1', sprintf('%064x', 1);
is((stat "$log/log")[2] & 0777, 0600, 'closed to others');



=== TEST 12: many at once, from every worker, during a reload: one sequence
--- config eval: $::config
--- script
my $before = verified();
my $authorization = web3signed('app1', 'GET', $job);
my @children;

for my $child (1 .. 8) {
    my $pid = fork;

    if (!$pid) {
        my $good = grep { app_asks("c$child", $authorization)->{status} == 200 } 1 .. 32;
        POSIX::_exit($good == 32 ? 0 : 1);
    }
    push @children, $pid;
}
kill HUP => master_pid();
waitpid($_, 0), is($?, 0, 'a client') for @children;

my $after = verified();
is($after->{entries} - $before->{entries}
    - grep({ $_->{action} =~ /^st(art|op)$/
        && $_->{sequence} >= $before->{entries} } @{ $after->{opened} }),
    256, 'entries');
is($after->{owners}{owner('owner1')},
    $before->{owners}{owner('owner1')} + 256, 'of the owner');
is(checkpoint($after), "$after->{entries} $after->{root}", 'all of them public');
is(http('GET', tile_path('entries', 0, 256))->{headers}{'cache-control'},
    'public, max-age=31536000, immutable', 'a full tile is kept');
is(sha256_hex(tiles(0, $after->{entries})), $after->{leaves}, 'tiles');
is(http('GET', tile_path(1, 0, 1))->{status}, 200, 'the next level');
is(http('GET', tile_path('entries', 0, 7))->{status}, 200, 'as it once was');



=== TEST 13: workers are killed: what was answered is in the log
--- config eval: $::config
--- alerts_expected
--- script
my $authorization = web3signed('app1', 'GET', $job);

pipe my $in, my $out or die $!;
my $pid = fork;

if (!$pid) {
    for my $n (1 .. 300) {
        syswrite $out, "$n\n"
            if app_asks("killed $n", $authorization)->{status} == 200;
    }
    POSIX::_exit(0);
}
close $out;

for (1 .. 5) {
    sleep 0.1;
    my @workers = workers_running();
    kill KILL => $workers[rand @workers] if @workers;
}

my @answered = <$in>;
waitpid $pid, 0;
cmp_ok(scalar @answered, '>', 50, 'answers');

my %there = map { ($_->{userAgent} || '') => 1 } @{ verified()->{opened} };
is(join('', grep { chomp; !$there{"killed $_"} } @answered), '',
    'no answer without its entry');



=== TEST 14: a worker that quits writes first what waits
--- config eval: $::config
--- script
# nothing is written while another process has the lock, and the owner does
# not wait for the entries of the own reads

open my $lock, '+<', "$log/lock" or die "$log/lock: $!";
flock $lock, LOCK_EX or die $!;

my $size = -s "$log/log";
my %old = map { $_ => 1 } workers_running();
my $authorization = web3signed('owner1', 'GET', $messages);

my $ends = sub {
    my @entries = map { $_->{action} } @{ verified()->{opened} };
    return map { my $end = $_; scalar grep { $_ eq $end } @entries }
        qw( start stop );
};
my @ends = $ends->();

is(join(' ', map { http('GET', $messages, { 'User-Agent' => "quits $_",
    Authorization => $authorization })->{status} } 1 .. 8),
    join(' ', (200) x 8), 'reads');

kill HUP => master_pid();
ok(wait_for { grep { !$old{$_} } workers_running() }, 'new workers');
ok(scalar(grep { $old{$_} } workers_running()), 'an old one waits');
is(-s "$log/log", $size, 'not written yet');
close $lock;

ok(wait_for {
    my %there = map { ($_->{userAgent} || '') => 1 } @{ verified()->{opened} };
    !grep { !$there{"quits $_"} } 1 .. 8;
}, 'written');
ok(wait_for { !grep { $old{$_} } workers_running() }, 'and gone');

# which of the two is first, is chance: both have waited for the lock

ok(wait_for { join(' ', $ends->()) eq join ' ', map { $_ + 1 } @ends },
    'the new ones have started, the old ones have stopped');

# nor is anything lost by who is told to end at once

is(join(' ', map { http('GET', $messages, { 'User-Agent' => "ends $_",
    Authorization => $authorization })->{status} } 1 .. 8),
    join(' ', (200) x 8), 'reads');
%old = map { $_ => 1 } workers_running();
kill TERM => keys %old;
ok(wait_for { !grep { $old{$_} } workers_running() }, 'they end');

my $log = verified();
is(scalar(grep { ($_->{userAgent} || '') =~ /^ends / } @{ $log->{opened} }), 8,
    'what they had is written');
is(($ends->())[1] - $ends[1], 2, 'and that they stop');



=== TEST 15: a flood of refusals is counted
--- config eval: $::config
--- script
my $before = verified()->{entries};
my $body = fresh('revoked');
my $flood = 60;
start_job('app1', $body) for 1 .. $flood;

# the rest of the count is written when the workers go

kill HUP => master_pid();
my ($entries, $counted);

ok(wait_for {
    my @new = grep { $_->{sequence} >= $before } @{ verified()->{opened} };
    $entries = grep { $_->{action} eq 'refused' } @new;
    $counted = 0;
    $counted += $_->{count} for grep { $_->{action} eq 'refusals' } @new;
    $entries + $counted == $flood;
}, 'none is missing') or diag("$entries + $counted");
cmp_ok($entries, '<=', 3 * workers(), 'few are entries of their own');
is(newest('refusals')->{reason}, 'AUTHORIZATION_ERROR', 'reason');
is(newest('refusals')->{app}, owner('app1'), 'app');
is(newest('refusals')->{of}, owner('owner1'), 'whose chain');



=== TEST 16: a disk that is full: nothing is released
--- config eval: $::full
--- alerts_expected
--- script
is(app_asks('fits')->{status}, 200, 'while there is room');

open my $out, '>', "$small/filler" or die $!;
1 while syswrite $out, 'x' x 512;

# the page in which the log ends has some room left

my ($answer, $fitted);

for (0 .. 20) {
    $fitted = $_;
    $answer = app_asks('may not fit');
    last if $answer->{status} != 200;
}

is($answer->{status}, 503, 'then not');
unlike($answer->{content}, qr/succeeded/, 'no word of it');

close $out;
unlink "$small/filler";
is(app_asks('fits again')->{status}, 200, 'once there is room');
is(scalar(grep { ($_->{userAgent} || '') eq 'may not fit' }
    @{ verified("$small/log")->{opened} }), $fitted, 'no entry of it');



=== TEST 17: a torn end is cut off, and the log goes on
--- config eval: $::config
--- script
my $before = verified();
open my $in, '<:raw', "$log/log" or die $!;
read $in, my $start, 264;
open my $out, '>>:raw', "$log/log" or die $!;
print $out substr $start, 64, 150;
close $out;

is(app_asks('after the crash')->{status}, 200, 'the app reads');
is(verified()->{entries}, $before->{entries} + 1, 'one more');
is(newest('operation_released')->{userAgent}, 'after the crash', 'its entry');



=== TEST 18: what was damaged is not cut off, and nothing is released
--- config eval: $::config
--- alerts_expected
--- script
my $file = "$log/log";
my $size = -s $file;

my $flip = sub {
    open my $io, '+<:raw', $file or die $!;
    seek $io, 64 + 100, 0;
    read $io, my $byte, 1;
    seek $io, 64 + 100, 0;
    print $io chr(1 ^ ord $byte);
    close $io;
};

# workers that have read it do not read it again: new ones do

$flip->();
kill HUP => master_pid();
ok(wait_for { my $a = app_asks('damaged');
    $a->{status} == 503 && $a->{content} !~ /succeeded/ }, 'refused');
cmp_ok(-s $file, '>=', $size, 'nothing was cut');
$flip->();
kill HUP => master_pid();
ok(wait_for { app_asks('mended')->{status} == 200 }, 'mended');
verified();



=== TEST 19: two masters at once, of which one quits: one sequence
--- config eval: $::config
--- script
my $before = verified();
my $authorization = web3signed('app1', 'GET', $job);
my $old = master_pid();
my $file = server_root() . '/logs/nginx.pid';
my @children;

kill USR2 => $old;
ok(wait_for { -e "$file.oldbin" && -e $file && workers_running() }, 'two masters');

for my $child (1 .. 8) {
    my $pid = fork;

    if (!$pid) {
        my $good = grep { app_asks("both $child", $authorization)->{status} == 200 } 1 .. 32;
        POSIX::_exit($good == 32 ? 0 : 1);
    }
    push @children, $pid;
}

wait_for {
    grep { ($_->{userAgent} || '') =~ /^both / } @{ verified()->{opened} };
};
kill QUIT => $old;
waitpid($_, 0), is($?, 0, 'a client') for @children;
ok(wait_for { !kill 0 => $old }, 'one master');

my $after = verified();
my %count;
$count{ $_->{userAgent} || '' }++ for @{ $after->{opened} };
is(join(' ', map { $count{"both $_"} } 1 .. 8), join(' ', (32) x 8), 'each answer has its entry, once');
is($after->{owners}{owner('owner1')}, $before->{owners}{owner('owner1')} + 256, 'and there is no other');
is(checkpoint($after), "$after->{entries} $after->{root}", 'all of them public');
is(whole(), '', 'and they verify');



=== TEST 20: an owner's keys are deleted: nobody opens the entries, they verify
--- config eval: $::config
--- script
my $folder = state_dir() . "/store/owners/$forgotten";
my $opened = sub {
    return scalar grep { ($_->{of} || '') eq $forgotten } @{ $_[0]{opened} };
};

is($store->('{"n":1}'), 201, 'stored');
my $before = verified();
cmp_ok($before->{owners}{$forgotten}, '>', 0, 'entries of the owner');
is($opened->($before), $before->{owners}{$forgotten}, 'that open');

system('rm', '-r', $folder) == 0 or die;

my $after = verified();
is($after->{owners}{$forgotten}, undef, 'there is no key');
is($opened->($after), 0, 'none opens');
is($after->{entries}, $before->{entries}, 'all are there');
is($after->{chains}, $before->{chains}, 'the chains, too');
is($after->{root}, $before->{root}, 'and so the root');
is(checkpoint($after), "$after->{entries} $after->{root}", 'which is public');
is(whole(), '', 'and they verify');
is(owner_asks('owner2')->{json}{total}, 0, 'the owner is shown none');



=== TEST 21: who comes again, after a restart, begins another chain
--- http_config eval: main::http_config() =~ s/pserver:4m/pserver:1m/r
--- config eval: $::config
--- script
my $before = verified();
is($before->{owners}{$forgotten}, undef, 'there is no key');
is($store->('{"n":2}'), 201, 'stored');
my $after = verified();
is($after->{owners}{$forgotten}, 1, 'the first entry of a chain');
is($after->{chains}, $before->{chains} + 1, 'one more');
is(grep({ ($_->{of} || '') eq $forgotten } @{ $after->{opened} }), 1, 'that opens');
