use lib 't/lib';
use PServer;
use PServer::Node;

# Many who ask at once, over all workers: one question goes out, and whoever
# asks it may die.

our $workers = $ENV{PSERVER_WORKERS} || 1;
our $clients = 1000;

our $faulty = http_config(chain => '127.0.0.1:' . port(7));
our $id = 'id=' . fixtures()->{chain}{chainId};
(our $small = http_config()) =~ s/pserver:4m/pserver_small:32k/;
our $config = config(pserver_chain => "/_chain/ $id timeout=3s");

worker_connections(4096);
node_start(port(7), port(5));


# so many connections with a request each, all of them the same

sub send_all {
    my ($n, $request) = @_;

    return map {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => port()) or die "connect: $!";
        syswrite $socket, $request;
        $socket;
    } 1 .. $n;
}


# how many answers of which status; 0: it was ended without one

sub answers {
    my %count;

    for my $socket (@_) {
        my $answer = do { local $/; <$socket> };
        my ($status) = ($answer || '') =~ m{^HTTP/1\.1 (\d+)};
        $count{$status || 0}++;
    }

    return \%count;
}


# an app's read of what is not there: 404 once the permission is a yes

sub request {
    my ($permission) = @_;

    return "GET /v1/data/demo.messages HTTP/1.0\r\nHost: x\r\n"
        . 'Authorization: ' . web3signed('app1', 'GET',
            '/v1/data/demo.messages', undef, grantId => "$permission")
        . "\r\n\r\n";
}


sub workers_of {
    my $pid = shift;
    my @children;

    for (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $_ or next;
        push @children, $1
            if (<$in> || '') =~ /^(\d+) \(nginx\) \S $pid /;
    }

    return @children;
}


# does the process have a connection to the node?

sub asks {
    my $pid = shift;
    my $node = sprintf '0100007F:%04X', port(7);

    open my $tcp, '<', '/proc/net/tcp' or die "tcp: $!";
    my %sockets = map { 'socket:[' . (split)[9] . ']' => 1 }
        grep { (split)[2] eq $node } <$tcp>;

    return grep { $sockets{readlink($_) || ''} } glob "/proc/$pid/fd/*";
}


sub master {
    open my $in, '<', server_root() . '/logs/nginx.pid' or die "pid: $!";
    chomp(my $pid = <$in>);
    return $pid;
}

run_tests();

__DATA__

=== TEST 1: cold clients for one permission
--- http_config eval: $::faulty
--- config eval: $::config
--- script
my $request = request(permission('read'));

node_mode('slow');
my $count = answers(send_all($clients, $request));
is_deeply $count, { 404 => $clients }, 'all are answered';

my %asked = node_asked();
is_deeply [ @asked{qw( head record set )} ], [ 1, 1, 1 ], 'one sequence';

$count = answers(send_all(100, $request));
is_deeply $count, { 404 => 100 }, 'and later';
%asked = node_asked();
is $asked{head}, 1, 'without one';



=== TEST 2: cold clients who need a head of their own: two sequences
--- http_config eval: $::faulty
--- config eval: $::config
--- script
my $body = operation('app1', { permission_id => fixtures()->{unknownPermission} });

node_mode('slow');
my $count = answers(send_all(400, "POST /api/v1/operations HTTP/1.0\r\n"
    . "Host: x\r\nContent-Type: application/json\r\nContent-Length: "
    . length($body) . "\r\n\r\n$body"));
is_deeply $count, { 404 => 400 }, 'all are answered';

my %asked = node_asked();
cmp_ok $asked{head}, '<=', 3, "$asked{head} sequences";



=== TEST 3: a node that does not answer
--- http_config eval: $::faulty
--- config eval: $::config
--- script
my $request = request(permission('read_expired'));

node_mode('close', 'record');
my $count = answers(send_all(200, $request));
is_deeply $count, { 503 => 200 }, 'nobody is told a no';

node_mode('pass');
is_deeply answers(send_all(1, $request)), { 403 => 1 }, 'it is back';



=== TEST 4: the worker that asks is killed
--- http_config eval: $::faulty
--- config eval: $::config
--- alerts_expected
--- script
my $request = request(permission('read_all'));
my $master = master();
my @workers = workers_of($master);

is @workers, $workers, 'workers';

node_mode('slow');
my @sockets = send_all(500, $request);

my @asks;
wait_for { @asks = grep { asks($_) } @workers };
is @asks, 1, 'one worker asks';

kill KILL => $asks[0];
my $count = answers(@sockets);
my $ended = delete $count->{0} || 0;

is +($count->{404} || 0) + $ended, 500, "answered or ended, $ended of 500";
cmp_ok $ended, '<', 500, 'those of other workers are answered'
    if $workers > 1;

node_mode('pass');
wait_for { workers_of($master) == $workers };
is_deeply answers(send_all(20, $request)), { 404 => 20 }, 'it goes on';



=== TEST 5: a reload while checks are under way
--- http_config eval: $::faulty
--- config eval: $::config
--- script
my $request = request(permission('read'));
my $master = master();
my %old = map { $_ => 1 } workers_of($master);

node_mode('slow');
my @sockets = send_all(500, $request);
Time::HiRes::sleep(0.1);
kill HUP => $master;

is_deeply answers(@sockets), { 404 => 500 }, 'all are answered';

node_mode('pass');
ok wait_for { !grep { $old{$_} } workers_of($master) }, 'old workers quit';
is_deeply answers(send_all(20, $request)), { 404 => 20 }, 'it goes on';



=== TEST 6: a zone that is full is slower, never wrong
--- http_config eval: $::small
--- config eval: $::config
--- script
my %status = (read => 404, read_all => 404, ok => 403, revoked => 403,
    read_expired => 403, expired => 403, read2 => 403);
my %request = map { $_ => request(permission($_)) } keys %status;
my @wrong;

for my $round (1 .. 3) {
    my %sockets = map { $_ => [ send_all(8, $request{$_}) ] } sort keys %status;
    my @unknown = map {
        send_all(1, request(fixtures()->{unknownPermission} + $_))
    } 1 .. 100;

    for (sort keys %status) {
        my $count = answers(@{ $sockets{$_} });
        push @wrong, [ $_, $count ] if ($count->{$status{$_}} || 0) != 8;
    }

    my $count = answers(@unknown);
    push @wrong, [ 'unknown', $count ] if ($count->{403} || 0) != 100;
}

is json(\@wrong), '[]', 'all are answered right';
