use lib 't/lib';
use PServer;
use PServer::Node;

# What a chain node or a gateway may do wrong: never a no, never a yes, and
# nothing of it is kept.  A node that spoils its answers stands between nginx
# and the real one; everybody asks about a permission that is not there, or
# whose data is not there.

our $faulty = http_config(chain => '127.0.0.1:' . port(7),
    gateway => '127.0.0.1:' . port(8));

our $id = 'id=' . fixtures()->{chain}{chainId};
our $hasty = config(pserver_chain => "/_chain/ $id timeout=700ms");
our $stale = config(pserver_chain => "/_chain/ $id",
    pserver_chain_stale => '1h');
our $nobody = http_config(chain => '127.0.0.1:1');

our %unavailable = (kind => 'Error', error_code => 'BLOCKCHAIN_ERROR',
    detail => "the blockchain can't be asked at the moment", field => undef);

node_start(port(7), port(5));
node_start(port(8), port(6));

sub ask {
    my ($id, $wallet) = @_;

    return http('POST', '/api/v1/operations',
        { 'Content-Type' => 'application/json' },
        operation($wallet || 'app1', { permission_id => $id }));
}

sub unavailable {
    my ($answer, $name) = @_;

    is($answer->{status}, 503, "$name: 503");
    is($answer->{headers}{'retry-after'}, 2, "$name: Retry-After");
    is_deeply($answer->{json}, { detail => \%unavailable }, "$name: error");
}

sub says {
    my ($answer, $status, $detail, $name) = @_;

    is($answer->{status}, $status, "$name: $status");
    like($answer->{json}{detail}{detail}, $detail, "$name: why");
}

our $unknown = fixtures()->{unknownPermission};

run_tests();

__DATA__

=== TEST 1: faults in each round
--- http_config eval: $::faulty
--- config eval: $::hasty
--- script
for my $round (qw( head record set )) {
    for my $mode (qw( close garbage nothing half chunk big status error null
                      twice foreign_id missing ))
    {
        next if $round eq 'record' && $mode =~ /twice|missing/;

        node_mode($mode, $round);
        unavailable(ask(permission('not_stored')), "$mode in $round");
    }
}

for my $round (qw( record set )) {
    for my $mode (qw( 0x short other )) {
        node_mode($mode, $round);
        unavailable(ask(permission('not_stored')), "$mode in $round");
    }
}

node_mode('other_chain', 'head');
unavailable(ask(permission('not_stored')), 'another chain');

node_mode('pass');
says(ask($unknown), 404, qr/^no such permission$/, 'right again');
says(ask(permission('not_stored')), 404, qr/^(?!no such permission)/,
    'and allowed');



=== TEST 2: silence ends with the timeout
--- http_config eval: $::faulty
--- config eval: $::hasty
--- script
for my $round (qw( head record set )) {
    node_mode('hang', $round);

    my $start = Time::HiRes::time();
    unavailable(ask(permission('not_stored')), "silence in $round");
    my $took = Time::HiRes::time() - $start;

    ok($took > 0.6 && $took < 3, "after the timeout: $took s");
}

node_mode('pass');
says(ask($unknown), 404, qr/^no such permission$/, 'right again');



=== TEST 3: nobody listens
--- http_config eval: $::nobody
--- script
unavailable(ask(permission('ok')), 'no node');



=== TEST 4: answers in another order, and contracts without granteesV2
--- http_config eval: $::faulty
--- config eval: $::hasty
--- script
node_mode('reverse');
says(ask(permission('not_stored')), 404, qr/^(?!no such permission)/,
    'reverse order');

node_mode('no_v2', 'set');
says(ask(permission('not_stored'), 'stranger'), 401, qr/grantee$/,
    'grantees(), a no');
says(ask(permission('not_stored')), 404, qr/^(?!no such permission)/,
    'grantees(), a yes');
my %asked = node_asked();
is($asked{old}, 2, 'asked twice');



=== TEST 5: a head that stands still
--- http_config eval: $::faulty
--- config eval: $::stale
--- script
chain('mine', 1);

node_mode('old_head', 'head');
unavailable(ask(permission('ok')), 'an old head');

node_mode('pass');
says(ask($unknown), 404, qr/^no such permission$/, 'a young head');



=== TEST 6: a head that goes back further than nodes differ
--- http_config eval: $::faulty
--- config eval: $::stale
--- script
chain('mine', 5);

node_mode('pass');
says(ask($unknown), 404, qr/^no such permission$/, 'the highest head');

node_mode('back3', 'head');
unavailable(ask($unknown + 1), 'three blocks below it');

node_mode('back2', 'head');
says(ask($unknown + 2), 404, qr/^no such permission$/, 'two blocks below it');



=== TEST 7: a gateway's faults are the grant file's, and are not kept
--- http_config eval: $::faulty
--- config eval: $::hasty
--- script
my $id = permission('not_stored');

for my $mode (qw( close garbage nothing half chunk big status hang )) {
    node_mode($mode, 'grant');
    says(ask($id), 502, qr/^the grant file can't be had$/, $mode);
}

node_mode('pass');
says(ask($id), 404, qr/^(?!no such permission)/, 'there again');

node_mode('close', 'grant');
says(ask($id), 404, qr/^(?!no such permission)/, 'had once, good for ever');
my %asked = node_asked();
is($asked{grant}, 0, 'not asked for again');



=== TEST 8: many who ask at once are few questions
--- http_config eval: $::faulty
--- script
node_mode('slow');

my $body = operation('app1', { permission_id => $unknown });
my @sockets = map {
    IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port())
} 1 .. 24;

for my $socket (@sockets) {
    print $socket "POST /api/v1/operations HTTP/1.0\r\nHost: x\r\n",
        "Content-Type: application/json\r\nContent-Length: ",
        length $body, "\r\n\r\n", $body;
    $socket->flush;
}

my $right = 0;

for my $socket (@sockets) {
    my $answer = do { local $/; <$socket> };
    $right++ if $answer =~ m{^HTTP/1\.1 404 .*"no such permission"}s;
}

is($right, 24, 'all are answered');

# in each worker one flight, and one after it for all who came meanwhile
my %asked = node_asked();
my $workers = $ENV{PSERVER_WORKERS} || 1;
cmp_ok($asked{head}, '<=', 2 * $workers, "$asked{head} flights");



=== TEST 9: clients that do not wait for the answer
--- http_config eval: $::faulty
--- config eval: $::hasty
--- script
node_mode('slow');

my $body = operation('app1', { permission_id => permission('not_stored') });

for (1 .. 10) {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => port());
    print $socket "POST /api/v1/operations HTTP/1.0\r\nHost: x\r\n",
        "Content-Type: application/json\r\nContent-Length: ",
        length $body, "\r\n\r\n", $body;
    $socket->flush;
    Time::HiRes::sleep(0.02);
    close $socket;
}

Time::HiRes::sleep(0.3);
node_mode('pass');
says(ask($unknown), 404, qr/^no such permission$/, 'who waits is answered');
