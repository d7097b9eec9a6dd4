# workers: 4
#
# What is this nginx's at the engine, and what is not: containers of no job
# are removed, those of others never.  Several engines: in truth the same one,
# behind fronts that are told apart by their logs.

use lib 't/lib';
use PServer;
use PServer::Jobs;

use Digest::SHA qw( sha256_hex );

# the name of this nginx at the engine

sub instance {
    open my $in, '<', state_dir() . '/store/instance' or die "instance: $!";
    return scalar <$in>;
}

# a blank container with labels, as a job's; its id

sub plant {
    my ($name, %labels) = @_;
    my ($status, $answer) = engine('POST', "/containers/create?name=$name",
        json({
            Image => image('word_count'), OpenStdin => JSON::PP::true,
            Labels => { map { ("org.pserver.$_" => $labels{$_}) }
                keys %labels },
            HostConfig => { NetworkMode => 'none' },
        }));

    die "create: $status $answer->{message}" if $status != 201;
    engine('POST', "/containers/$answer->{Id}/start");

    return $answer->{Id};
}

sub there { (engine('GET', "/containers/$_[0]/json"))[0] == 200 }
sub uproot { engine('DELETE', "/containers/$_?force=1") for @_ }

# the name of the container of a job

sub named { 'pserver-' . sha256_hex(pack 'H*', $_[0]) }

# a front of the engine, as engines are on other hosts: on a port, with a log

sub front {
    my ($port, $name, $more) = @_;
    my $socket = PServer::Config::engine_socket();

    return <<"END";

    server {
        listen 127.0.0.1:$port@{[ $more ? ' ssl' : '' ]};
        access_log @{[ state_dir() ]}/$name.log calls;
        client_max_body_size 0;
        @{[ $more || '' ]}

        location / {
            proxy_pass http://unix:$socket:;
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection \$front_connection;
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_read_timeout 1h;
        }
    }
END
}

sub engines {
    my ($a, $b) = @_;

    return http_config(more => <<"END");
    log_format calls '\$request_method \$request_uri \$status';

    map \$http_upgrade \$front_connection {
        default upgrade;
        ''      '';
    }

    upstream engine_a { server 127.0.0.1:@{[ port($a) ]}; keepalive 4; }
    upstream engine_b { server 127.0.0.1:@{[ port($b) ]}; keepalive 4; }
END
}

our $locations = <<'END';

        location /_a/ {
            internal;
            pserver_exchange;
            proxy_pass http://engine_a/;
        }

        location /_b/ {
            internal;
            pserver_exchange;
            proxy_pass http://engine_b/;
        }
END

# the calls that a front has seen

sub calls {
    my ($name, $pattern) = @_;

    open my $in, '<', state_dir() . "/$name.log" or return 0;
    return scalar grep { /$pattern/ } <$in>;
}

our $created = qr{^POST /containers/create\S+ 201};

sub kill_workers {
    open my $in, '<', server_root() . '/logs/nginx.pid';
    chomp(my $pid = <$in>);
    kill KILL => split ' ', `ps -o pid= --ppid $pid`;
}

run_tests();

__DATA__

=== TEST 1: containers that no row owns
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

ok((wait_for { -s state_dir() . '/store/instance' } 5), 'a name');

my $live = start_job('app1', fresh('ok'))->{json}{id};
my $over = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $live), 'one runs');
ok(running('app1', $over), 'another one');
cancel_job('app1', $over);
finish('app1', $over);

my %job = (job => 'ab' x 32, operation => 'word_count');
my $own = ::instance();

my @orphans = (
    ::plant('pserver-' . 'ab' x 32, instance => $own, %job),
    ::plant(::named($over), instance => $own, %job),
);

my @others = (
    ::plant('pserver-' . 'cd' x 32, instance => 'f' x 32, %job),
    ::plant('pserver-' . 'ef' x 32),
    ::plant('somebody', instance => $own),
);

my ($mine) = grep { my $id = $_; !grep { $_ eq $id } @orphans, @others }
    containers();

my $gone = wait_for { !grep { ::there($_) } @orphans } 20;

ok($gone, 'those of no job, and of one that is over, are removed');
is((scalar grep { ::there($_) } @others), 3, 'those of others are not');
ok(::there($mine), 'nor that of a job that runs');
is(status_of('app1', $live)->{json}{status}, 'processing', 'which goes on');

::uproot(@others);
cancel_job('app1', $live);
finish('app1', $live);
is(containers(), 0, 'no container is left');



=== TEST 2: what an earlier nginx has left goes at the start
--- script
my $left = ::plant('pserver-' . '12' x 32, instance => ::instance(),
    job => '12' x 32);

open my $in, '<', server_root() . '/logs/nginx.pid';
chomp(my $pid = <$in>);
kill HUP => $pid;

ok((wait_for { !::there($left) } 20), 'removed');



=== TEST 3: a name that a create which was cut off has taken
--- config eval
config(pserver_engine => '/_engine/ jobs=1',
    pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
my $first = start_job('app1', fresh('ok'))->{json}{id};
ok(running('app1', $first), 'one runs');

my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. workers();
my %old = map { $_ => ::plant(::named($_), instance => ::instance()) } @ids;

cancel_job('app1', $first);

my $next = wait_for {
    (grep { status_of('app1', $_)->{json}{status} eq 'processing' } @ids)[0];
} 20;

ok($next, 'the next one runs');
ok(!::there($old{$next}), 'in a container of its own');

cancel_job('app1', $_) for @ids;
finish('app1', $_) for @ids;
::uproot(values %old);
is(containers(), 0, 'no container is left');



=== TEST 4: a network is one that has a name
--- config eval: config(pserver_operation => offers('word_count', network => 'host'))
--- script
--- must_die
--- error_log
has no or a bad "network"



=== TEST 5: two engines, by their weights
--- http_config eval: main::engines(7, 8) . main::front(main::port(7), 'a') . main::front(main::port(8), 'b')
--- config eval
config(more => $main::locations,
    pserver_engine => [ '/_a/ jobs=6 weight=2', '/_b/ jobs=6' ],
    pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 6;
ok(running('app1', $_), 'it runs') for @ids;

is(::calls('a', $::created), 4, 'two of three at one');
is(::calls('b', $::created), 2, 'one at the other');

# whoever adopts it removes the container where it was

my ($b) = do {
    open my $in, '<', state_dir() . '/b.log';
    map { /create\?name=(\S+) 201/ ? $1 : () } <$in>;
};

::kill_workers();

my $removed = wait_for { ::calls('b', qr{^DELETE /containers/$b\?}) } 15;
ok($removed, 'removed where it ran');
is(::calls('a', qr{^DELETE /containers/$b\?}), 0, 'and nowhere else');

cancel_job('app1', $_) for @ids;
finish('app1', $_) for @ids;
ok((wait_for { containers() == 0 } 5), 'no container is left');
--- alerts_expected



=== TEST 6: one of two is away: what is new goes to the other one
--- http_config eval: main::engines(7, 8) . main::front(main::port(7), 'c')
--- config eval
config(more => $main::locations,
    pserver_engine => [ '/_a/ jobs=4', '/_b/ jobs=4 weight=100' ])
--- script
my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 4;

is(finish('app1', $_)->{json}{status}, 'succeeded', 'it ran') for @ids;
is(::calls('c', $::created), 4, 'at the engine that is there');
is(containers(), 0, 'no container is left');



=== TEST 7: both are away
--- http_config eval: main::engines(8, 9)
--- config eval
config(more => $main::locations,
    pserver_engine => [ '/_a/ jobs=4 away=0', '/_b/ jobs=4 away=1s' ])
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};
is(finish('app1', $id)->{json}{result}{error}{reason}, 'engine', 'why');



=== TEST 8: an engine over TLS, which wants a certificate
--- http_config eval
my $dir = state_dir();
my $new = 'openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
system("cd $dir; $new -x509 -days 2 -subj /CN=ca -keyout ca.key -out ca.crt \\
    2>/dev/null");
for my $name (qw( engine pserver )) {
    system("cd $dir; $new -subj /CN=$name -keyout $name.key 2>/dev/null |
        openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \\
            -out $name.crt 2>/dev/null; chmod 644 $name.key");
}
die "no certificates" if !-s "$dir/pserver.crt";
main::engines(7, 9) . main::front(main::port(7), 'tls', "
        ssl_certificate $dir/engine.crt;
        ssl_certificate_key $dir/engine.key;
        ssl_client_certificate $dir/ca.crt;
        ssl_verify_client on;")
--- config eval
my $dir = state_dir();
# nginx never frees the sessions that it keeps for peers
my $tls = "
            proxy_ssl_session_reuse off;
            proxy_ssl_verify on;
            proxy_ssl_name engine;
            proxy_ssl_trusted_certificate $dir/ca.crt;";
config(pserver_engine => '/_tls/', more => "
        location /_tls/ {
            internal;
            pserver_exchange;
            proxy_pass https://engine_a/;$tls
            proxy_ssl_certificate $dir/pserver.crt;
            proxy_ssl_certificate_key $dir/pserver.key;
        }

        location /without/ {
            proxy_pass https://127.0.0.1:@{[ port(7) ]}/;$tls
        }")
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};
my $s = finish('app1', $id);

is_deeply($s->{json}{result}, json(example('word_count.expected.json')),
    'the right result');
is(::calls('tls', $::created), 1, 'by way of the front');
is(http('GET', '/without/containers/json')->{status}, 400,
    'which takes nobody without a certificate');
is(containers(), 0, 'no container is left');



=== TEST 9: the same engine twice
--- config eval
config(pserver_engine => [ '/_engine/', '/_other/' ], more => '
        location /_other/ {
            internal;
            pserver_exchange;
            proxy_pass http://engine/;
        }')
--- script
--- must_die
--- error_log
"pserver_engine" names the same engine twice
