# Clients that wait for the end of an operation (Prefer: wait=N).

use lib 't/lib';
use PServer;
use PServer::Jobs;
use POSIX ();
use Time::HiRes qw( time sleep );

sub preference {
    my ($wallet, $id, $prefer) = @_;
    my $uri = "/api/v1/operations/$id";

    return ('GET', $uri, {
        Authorization => web3signed($wallet, 'GET', $uri), Prefer => $prefer });
}

sub prefer { return http(preference(@_)) }

# The same from a process of its own, for "answer", which gives the status.
# What is signed is signed here: all share one signer.

sub client {
    my @request = preference(@_);

    pipe my $in, my $out or die $!;
    my $pid = fork;

    if (!$pid) {
        my $answer = http(@request);
        syswrite $out, $answer->{json}{status};
        POSIX::_exit(0);
    }

    close $out;

    return { pid => $pid, in => $in };
}

sub answer {
    my $client = shift;

    local $/;
    my $text = readline $client->{in};
    waitpid $client->{pid}, 0;

    return $text;
}

# an operation, with a preference

sub post {
    my ($app, $request, $prefer) = @_;

    return http('POST', '/api/v1/operations', { Prefer => $prefer,
        'Content-Type' => 'application/json' }, operation($app, $request));
}

run_tests();

__DATA__

=== TEST 1: until it ends, and not longer
--- config eval: config(pserver_operation => offers('word_count'))
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

for my $prefer ('wait=20', 'respond-async, WAIT=20;x', 'foo="a", wait=9999') {
    my $id = start_job('app1', fresh('ok'))->{json}{id};
    my $a = prefer('app1', $id, $prefer);

    is($a->{json}{status}, 'succeeded', "$prefer: the end");
    is($a->{json}{result}{words}, 29815, 'with its result');
    is($a->{headers}{'preference-applied'},
        $prefer =~ /9999/ ? 'wait=60' : 'wait=20', 'applied');

    # of one that has ended

    my $since = time;
    is(prefer('app1', $id, $prefer)->{json}{status}, 'succeeded', 'again');
    cmp_ok(time - $since, '<', 5, 'at once');
}



=== TEST 2: no longer than it prefers; nonsense is no preference
--- config eval: config(pserver_operation => offers('test_sleep'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $id), 'it runs');

my $since = time;
my $a = prefer('app1', $id, 'wait=1');

is($a->{json}{status}, 'processing', 'how it is then');
is($a->{json}{result}, undef, 'no result');
is($a->{headers}{'preference-applied'}, 'wait=1', 'applied');
cmp_ok(time - $since, '>=', 0.9, 'it waited');
cmp_ok(time - $since, '<', 4, 'not long');

for my $prefer ('wait', 'wait=', 'wait=x', 'wait=-1', 'wait=0', 'wait=1x',
    'waits=9', 'wait=9999999999999999999999x', ',,;')
{
    my $since = time;
    my $a = prefer('app1', $id, $prefer);
    is($a->{status}, 200, $prefer);
    is($a->{headers}{'preference-applied'}, undef, 'not applied');
    cmp_ok(time - $since, '<', 0.9, 'at once');
}

is(prefer('stranger', $id, 'wait=9')->{status}, 404, 'not for others');

# all who wait, at whatever worker, and one that goes away

my @clients = map { client('app1', $id, 'wait=20') } 1 .. 12;
my $gone = client('app1', $id, 'wait=20');

sleep 0.5;
kill KILL => $gone->{pid};
$since = time;
is(cancel_job('app1', $id)->{status}, 204, 'canceled');
is(answer($_), 'canceled', 'woken') for @clients;
cmp_ok(time - $since, '<', 5, 'soon');
answer($gone);



=== TEST 3: a worker that quits lets them go
--- config eval
config(pserver_operation => offers('test_sleep', timeout => '5s'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $id), 'it runs');

my $client = client('app1', $id, 'wait=20');

sleep 0.5;

open my $in, '<', server_root() . '/logs/nginx.pid';
chomp(my $pid = <$in>);
my $since = time;
kill HUP => $pid;

is(answer($client), 'processing', 'as it is');
cmp_ok(time - $since, '<', 3, 'soon');
is(finish('app1', $id)->{json}{status}, 'failed', 'the job ends as it would');



=== TEST 4: a POST that waits for its end
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my $a = post('app1', fresh('ok'), 'wait=20');

is($a->{status}, 200, 'the end');
is($a->{json}{kind}, 'OperationStatus', 'as of a GET');
is($a->{json}{status}, 'succeeded', 'how it ended');
is($a->{json}{result}{words}, 29815, 'with its result');
is($a->{headers}{'preference-applied'}, 'wait=20', 'applied');

my $again = status_of('app1', $a->{json}{id})->{json};
my $receipt = delete $again->{receipt};

is($receipt->{output}, (delete $a->{json}{receipt})->{output},
    'and its receipt');
is_deeply($again, $a->{json}, 'the same of a GET');

# of one that was accepted before, and of one that is refused

my $request = fresh('ok');
my $id = start_job('app1', $request)->{json}{id};

is(post('app1', $request, 'wait=20')->{json}{id}, $id, 'a repeat');

$a = post('app1', fresh('revoked'), 'wait=20');
is($a->{status}, 403, 'refused, at once');
is($a->{headers}{'preference-applied'}, undef, 'nothing to wait for');

is(post('app1', fresh('ok'), 'wait=x')->{status}, 202, 'no preference');



=== TEST 5: a POST that waits in vain: accepted
--- config eval: config(pserver_operation => offers('test_sleep'))
--- script
my $request = fresh('ok');
my $since = time;
my $a = post('app1', $request, 'wait=1');

is($a->{status}, 202, 'accepted');
like($a->{content}, qr/\A\{"kind":"OperationCreated","id":"[0-9a-f]{64}",
    "created_at":"[^"]+"\}\z/x, 'the answer');
is($a->{headers}{'preference-applied'}, 'wait=1', 'applied');
cmp_ok(time - $since, '>=', 0.9, 'it waited');
is(start_job('app1', $request)->{content}, $a->{content},
    'the same without');

my $id = $a->{json}{id};

is(cancel_job('app1', $id)->{status}, 204, 'canceled');

$a = post('app1', $request, 'wait=20');
is($a->{status}, 200, 'the end');
is($a->{json}{status}, 'canceled', 'of this kind');
