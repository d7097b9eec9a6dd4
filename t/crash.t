# The process is killed at each call by which a thread changes the disk, on
# the way of a post, of a deletion and of an operation that is accepted.  After
# each: the old or the new, whole; what was answered is there; a repeat does
# what is left to do and nothing twice; the log opens.
#
# EACH is the step from one point to the next; 1: all of them, with a report.

use lib 't/lib';
use PServer;
use PServer::Fault;
use PServer::Jobs;
use PServer::Store;

sub same {
    my ($got, $wanted, $what) = @_;

    return 1 if defined $got && $got eq $wanted;
    diag("$what: " . (defined $got ? $got : 'undef') . ", not $wanted");
    return 0;
}

sub log_opens {
    return same(get('owner1', '/v1/access-logs?limit=1')->{status}, 200,
        'the log');
}

# a sanitizer has to be the first library

faults() ? run_tests() : pass('not under a sanitizer');

__DATA__

=== TEST 1: a post
--- script
my $uri = '/v1/data/demo.crash';
my $versions = 0;
my $last = '';
my $k = 0;

my $hit = at_each_point('post', sub {
    my $body = '{"k":' . ++$k . '}';
    my $authorization = auth('owner1', 'POST', $uri, $body);

    return sub {
        return http('POST', $uri, { Authorization => $authorization,
            'Content-Type' => 'application/json' }, $body);
    };
}, sub {
    my ($n, $answer, $send) = @_;
    my $new = qq({"k":$k});
    my $now = get('owner1', "$uri");
    my $stored = $now->{status} == 200
        && index($now->{content}, qq("data":$new)) > 0;

    if (!$stored) {
        return 0 if $answer->{status} == 201;
        return 0 if !same($now->{status}, $versions ? 200 : 404, 'status');
        return 0 if $versions && !same($now->{content}, $last, 'the old one');
    }

    my $again = $send->();
    $versions++;

    return 0 if !same($again->{status}, 201, 'a repeat')
        || !same($send->()->{content}, $again->{content}, 'once more')
        || ($answer->{status} == 201
            && !same($again->{content}, $answer->{content}, 'first answer'));

    $last = get('owner1', $uri)->{content};

    return same(index($last, qq("data":$new)) > 0, 1, 'the new one')
        && same(get('owner1', "$uri/versions")->{json}{total}, $versions,
            'versions')
        && log_opens();
}, points => '
    openat /store/owners/X/tmp/.
    pwrite /store/owners/X/tmp/N (deleted)
    flock /log/lock
    pwrite /log/log
    fdatasync /log/log
    flock(folder) /store/owners/X/seen
    unlinkat /store/owners/X/seen/pending
    symlinkat /store/owners/X/seen/pending
    fsync(folder) /store/owners/X/seen
    flock(folder) /store/owners/X/tmp
    fsync /store/owners/X/tmp/N (deleted)
    linkat /store/owners/X/objects/X/N
    fsync(folder) /store/owners/X/objects/X
    pwrite /store/owners/X/manifest
    fdatasync /store/owners/X/manifest
    renameat /store/owners/X/seen/X-X
');

cmp_ok($hit->{'fsync(folder)'}, '>=', 2, 'also at fsyncs of folders');
is_deeply([ glob owner_dir('owner1') . '/{tmp/*,tmp/.[0-9a-f]*,seen/p*}' ],
    [], 'nothing is left');
--- alerts_expected



=== TEST 2: a deletion
--- script
my $uri = '/v1/data/demo.crash2';
my $k = 0;

my $hit = at_each_point('deletion', sub {
    my $body = '{"k":' . ++$k . '}';
    is(post('owner1', $uri, $body)->{status}, 201, 'stored') if $k == 1;
    post('owner1', $uri, $body) if $k > 1;

    my $authorization = auth('owner1', 'DELETE', $uri, undef, nonce => "$k");

    return sub { http('DELETE', $uri, { Authorization => $authorization }) };
}, sub {
    my ($n, $answer, $send) = @_;
    my $now = get('owner1', $uri);

    return 0 if $answer->{status} == 204
        && !same($now->{status}, 404, 'deleted');
    return 0 if $now->{status} != 404
        && !same(index($now->{content}, qq("data":{"k":$k})) > 0, 1, 'the old');

    return 0 if !same($send->()->{status}, 204, 'a repeat')
        || !same(get('owner1', $uri)->{status}, 404, 'is gone');

    # it does not delete again

    post('owner1', $uri, qq({"k":$k,"again":1}));

    return same($send->()->{status}, 204, 'a repeat')
        && same(get('owner1', $uri)->{status}, 200, 'changes nothing')
        && log_opens();
}, points => '
    flock /log/lock
    pwrite /log/log
    fdatasync /log/log
    flock(folder) /store/owners/X/seen
    unlinkat /store/owners/X/seen/pending
    symlinkat /store/owners/X/seen/pending
    fsync(folder) /store/owners/X/seen
    pwrite /store/owners/X/manifest
    fdatasync /store/owners/X/manifest
    renameat /store/owners/X/tmp/X
    fsync(folder) /store/owners/X/objects
    fsync(folder) /store/owners/X/tmp
    renameat /store/owners/X/seen/X-X
    unlinkat /store/owners/X/tmp/X/N
    unlinkat /store/owners/X/tmp/X
');

cmp_ok($hit->{'fsync(folder)'}, '>=', 3, 'also at fsyncs of folders');
--- alerts_expected



=== TEST 3: an operation, for which the engine has no image
--- config eval
main::config(pserver_operation => main::offers('word_count', timeout => '1s'),
    pserver_result_valid => '1h')
--- http_config eval
main::http_config(engine => '127.0.0.1:' . main::port(8), more => '
    server {
        listen ' . main::port(8) . ';
        location / { return 404 "{}"; }
    }')
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'data');

my (%id, $rows, $key);
my $hit = at_each_point('operation', sub {
    my $body = operation('app1', fresh('ok'));
    my %headers = ('Idempotency-Key' => 'key-' . ++$key);

    return sub {
        http('POST', '/api/v1/operations', \%headers, shift || $body);
    };
}, sub {
    my ($n, $answer, $send) = @_;
    my $again = $send->();

    return 0 if !same($again->{status}, 202, 'a repeat')
        || !same($send->()->{content}, $again->{content}, 'once more')
        || ($answer->{status} == 202
            && !same($again->{content}, $answer->{content}, 'first answer'));

    $id{ $again->{json}{id} }++;

    return same($send->(operation('app1', fresh('ok')))->{status}, 422,
            'another request with its key')
        && same(status_of('app1', $again->{json}{id})->{status}, 200, 'there')
        && log_opens();
}, points => '
    mkdirat /store/keys
    openat /store/keys/lock
    mkdirat /store/owners/X/jobs/repeats
    flock /log/lock
    pwrite /log/log
    fdatasync /log/log
    openat /store/owners/X/jobs/lock
    flock /store/owners/X/jobs/lock
    openat /store/owners/X/jobs/X.new
    write /store/owners/X/jobs/X.new
    fsync /store/owners/X/jobs/X.new
    renameat /store/owners/X/jobs/X
    fsync(folder) /store/owners/X/jobs
    mkdirat /store/jobs
    mkdirat /store/jobs/X
    fsync(folder) /store/jobs
    symlinkat /store/jobs/X/X
    fsync(folder) /store/jobs/X
    mkdirat /store/lists
    mkdirat /store/lists/X
    symlinkat /store/lists/X/X-X
    fsync(folder) /store/lists/X
    mkdirat /store/keys/X
    fsync(folder) /store/keys
    unlinkat /store/keys/X/X
    symlinkat /store/keys/X/X
    fsync(folder) /store/keys/X
    symlinkat /store/leases/X/X
    fsync(folder) /store/leases/X
    unlinkat /store/owners/X/jobs/repeats/X-X
    symlinkat /store/owners/X/jobs/repeats/X-X
    fsync(folder) /store/owners/X/jobs/repeats
');

cmp_ok($hit->{'fsync(folder)'}, '>=', 4, 'also at fsyncs of folders');

# each ends, and of those that were not accepted no lease is left

my $live = state_dir() . '/store/leases';
ok((wait_for { `find $live -type l` eq '' } 30), 'all end');
is(finish('app1', $_)->{json}{status}, 'failed', 'failed') for keys %id;

my ($markers) = scalar(my @all = glob owner_dir('owner1') . '/jobs/repeats/*');
is($markers, keys %id, 'one marker each');
is(scalar(@all = glob state_dir() . '/store/keys/*/*'), keys %id,
    'and one key');
$V{rows} = keys %id;
--- alerts_expected



=== TEST 4: what was never accepted goes with the sweep, and then the rest
--- config eval
main::config(pserver_operation => main::offers('word_count', timeout => '1s'),
    pserver_result_valid => '1s', pserver_repeat_window => '1s')
--- script
ok((wait_for { rows() == 0 } 10), 'no row');
is_deeply([ glob state_dir() . '/store/{jobs,keys,lists}/*/*' ], [],
    'no link');



=== TEST 5: many posts of one scope in the same millisecond, on two workers
--- config eval: main::config(add_header => 'X-Worker $pid always')
--- script
my (@answers, %workers, $uri);

# who takes a connection is up to the kernel

for my $try (1 .. 20) {
    $uri = "/v1/data/demo.same$try";

    my @posts = map {
        my $body = qq({"n":$_});
        [ $body, auth('owner1', 'POST', $uri, $body) ];
    } 1 .. 8;

    clock_off(time);

    my @pipes = map {
        my ($body, $authorization) = @$_;

        open my $from, '-|' or do {
            my $r = http('POST', $uri, { Authorization => $authorization,
                'Content-Type' => 'application/json' }, $body);
            print "$r->{headers}{'x-worker'} $r->{status} "
                . $r->{json}{collectedAt};
            require POSIX;
            close STDOUT;
            POSIX::_exit(0);
        };
        $from;
    } @posts;

    @answers = map { [ split ' ', <$_>, 2 ] } @pipes;
    clock_off(0);

    %workers = map { $_->[0] => 1 } @answers;
    last if keys %workers > 1 || workers() == 1;
}

cmp_ok(scalar keys %workers, '>=', workers() == 1 ? 1 : 2, 'workers wrote');

my %same = map { $_->[1] => 1 } @answers;
is(keys %same, 1, 'at one time');
like((keys %same)[0], qr/^201 /, 'stored');

my %kept = map { get('owner1', "$uri?fileId=$_")->{content} =~ /"n":(\d)/;
    $1 => 1 } 1 .. 8;
is(join(' ', sort keys %kept), '1 2 3 4 5 6 7 8', 'each is there');
