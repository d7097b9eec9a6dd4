# The guard before the engine: jobs run through it; what is not of a job does
# not pass, by whatever way.  core/guard has the rules, t/unit/guard_test.c
# tries each byte of a body.
#
# workers: 1

use lib 't/lib';
use PServer;
use PServer::Jobs;

our $guard = '127.0.0.1:' . port(4);

our $server = config(pserver_operation => offers('word_count'),
    more => $ENV{PSERVER_GUARD} ? '' : guard());

our $guarded = http_config(engine => $guard);

# more ways to the same engine, all of which have to end at the guard

our $ways = $server . <<'END';

        location /satisfied/ {
            satisfy any;
            allow all;

            location /satisfied/containers/ {
                pserver guard;
                proxy_pass http://engine_itself/containers/;

                location /satisfied/containers/deep/ {
                    proxy_pass http://engine_itself/containers/;
                }
            }
        }

        location /moved/ { rewrite ^/moved(.*) $1; }
        location /inside/ { mirror /containers/create; return 204; }

        location = /login {
            error_page 401 = /containers/json;
            return 401;
        }
END

our $engine = "    upstream engine_itself { server unix:"
    . PServer::Config::engine_socket() . "; }\n";

# what a job's container is made of, with changes: a pattern, what instead

our $job = 'ab' x 32;

# the profile of system calls, see t/unit/container_calls_test.c

system('make -s build/bench/body') == 0 or die 'make';
our ($calls) = `build/bench/body a sha256:$job 67108864 33554432 32 $job`
    =~ /"(seccomp=.*?\})"/;

sub body {
    my @changes = @_;
    my $image = image('word_count');
    my $text = <<"END";
{"Image":"$image","Entrypoint":["/pserver-run"],"Cmd":["/operation"],
"WorkingDir":"/job","User":"65534:65534","Hostname":"operation",
"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"Healthcheck":{"Test":["NONE"]},
"Tty":false,"OpenStdin":true,"StdinOnce":true,"AttachStdin":true,
"AttachStdout":true,"AttachStderr":true,
"Labels":{"org.pserver.instance":"5a5a","org.pserver.job":"$job",
"org.pserver.operation":"word_count"},
"HostConfig":{"NetworkMode":"none","IpcMode":"none","Privileged":false,
"CapDrop":["ALL"],"SecurityOpt":["no-new-privileges","$calls"],
"ReadonlyRootfs":true,
"Tmpfs":{"/job":"rw,nosuid,nodev,noexec,mode=0700,uid=65534,gid=65534,
size=33554432"},"Memory":67108864,"MemorySwap":67108864,
"NanoCpus":1000000000,"PidsLimit":32,"OomScoreAdj":500,
"Ulimits":[{"Name":"core","Soft":0,"Hard":0},
{"Name":"nofile","Soft":256,"Hard":256}],
"LogConfig":{"Type":"none","Config":{}},"RestartPolicy":{"Name":"no"},
"AutoRemove":false,"Init":false}}
END

    $text =~ s/\n//g;

    while (my ($from, $to) = splice @changes, 0, 2) {
        $text =~ s/\Q$from\E/$to/ or die "no $from";
    }

    return $text;
}

sub ask {
    my ($method, $uri, $body, %headers) = @_;

    my $answer = HTTP::Tiny->new(timeout => 10)->request($method,
        "http://$::guard$uri", {
        headers => { 'Content-Type' => 'application/json', %headers },
        defined $body ? (content => $body) : () });

    return wantarray ? ($answer->{status}, $answer->{content})
                     : $answer->{status};
}

sub create { ask('POST', "/containers/create?name=pserver-$job", @_) }

run_tests();

__DATA__

=== TEST 1: a job runs through it, and one is canceled
--- http_config eval: $::guarded
--- config eval: $::server
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

my $a = start_job('app1', fresh('ok'));
is($a->{status}, 202, 'accepted');

my $s = finish('app1', $a->{json}{id});
is_deeply($s->{json}{result}, json(example('word_count.expected.json')),
    'the right result');
is(containers(), 0, 'no container is left');



=== TEST 2: what is not of a job
--- http_config eval: $::guarded
--- config eval: $::server
--- script
for ([ GET => '/containers/json' ],
     [ GET => '/containers/web/json' ],
     [ GET => "/containers/pserver-$::job/logs?stdout=1" ],
     [ POST => "/containers/pserver-$::job/exec", '{"Cmd":["/bin/sh"]}' ],
     [ POST => "/containers/pserver-$::job/start", '{}' ],
     [ POST => '/containers/create', ::body() ],
     [ POST => '/containers/create?name=web', ::body() ],
     [ POST => "/containers/create?name=pserver-$::job&platform=linux",
       ::body() ],
     [ POST => '/containers/%63reate?name=pserver-' . $::job, ::body() ],
     [ DELETE => "/containers/pserver-$::job" ],
     [ DELETE => '/containers/web?force=1&v=1' ])
{
    my ($method, $uri, $body) = @$_;
    my ($status, $content) = ::ask($method, $uri, $body);

    is($status, 403, "$method $uri");
    like($content, qr/^\{"message":"pserver guard: not [a-z ]+"\}$/,
        'in the form of the engine');
}

is(::ask(POST => "/containers/pserver-$::job/start", undef,
    Upgrade => 'tcp', Connection => 'Upgrade'), 403, 'an upgrade');
is(::ask(POST => "/containers/pserver-$::job/attach?stream=1&stdin=1"
    . '&stdout=1&stderr=1'), 403, 'none where one is due');
is(containers(), 0, 'nothing came to be');
--- error_log
the guard refused a call



=== TEST 3: a create body is right, or it is refused
--- http_config eval: $::guarded
--- config eval: $::server
--- script
is(::create(::body()), 201, 'the right one');
is(scalar(containers()), 1, 'made');
is(::ask(GET => "/containers/pserver-$::job/json"), 200, 'and looked at');
is(::ask(DELETE => "/containers/pserver-$::job?force=1&v=1"), 204,
    'and removed');

my @changes = (
    '"Image":"sha256:' => '"Image":"evil:',
    '/pserver-run' => '/bin/sh', '"/operation"' => '"/operation","x"',
    '"WorkingDir":"/job"' => '"WorkingDir":"/"', '65534:65534' => '0:0',
    '"Hostname":"operation"' => '"Hostname":"host"',
    'PATH=' => 'LD_PRELOAD=', '["NONE"]' => '["CMD","/x"]',
    '"Tty":false' => '"Tty":true', '"OpenStdin":true' => '"OpenStdin":false',
    '"StdinOnce":true' => '"StdinOnce":false',
    '"AttachStdin":true' => '"AttachStdin":false',
    '"AttachStdout":true' => '"AttachStdout":false',
    '"AttachStderr":true' => '"AttachStderr":false',
    $::job => 'cd' x 32, '"word_count"' => '"other"',
    '"NetworkMode":"none"' => '"NetworkMode":"host"',
    '"IpcMode":"none"' => '"IpcMode":"host"',
    '"Privileged":false' => '"Privileged":true',
    '["ALL"]' => '[]', 'no-new-privileges' => 'seccomp=unconfined',
    $::calls => 'seccomp=unconfined', '\"brk\",' => '', '[\"brk\"' =>
    '[\"bpf\",\"brk\"', 'SCMP_ACT_ERRNO' => 'SCMP_ACT_ALLOW',
    '"ReadonlyRootfs":true' => '"ReadonlyRootfs":false',
    'noexec,' => '', 'size=33554432' => 'size=67108864',
    '"Memory":67108864' => '"Memory":0',
    '"MemorySwap":67108864' => '"MemorySwap":-1',
    '"NanoCpus":1000000000' => '"NanoCpus":0',
    '"PidsLimit":32' => '"PidsLimit":0', '"OomScoreAdj":500' =>
    '"OomScoreAdj":-500', '"core","Soft":0' => '"core","Soft":1',
    '"nofile","Soft":256' => '"nofile","Soft":257',
    '"Type":"none"' => '"Type":"syslog"', '"Config":{}' =>
    '"Config":{"a":"b"}', '"Name":"no"' => '"Name":"always"',
    '"AutoRemove":false' => '"AutoRemove":true',
    '"Init":false' => '"Init":true',

    # members that are not there
    '"Init":false' => '"Init":false,"Binds":["/:/host"]',
    '"Init":false' => '"Init":false,"PidMode":"host"',
    '"Init":false' => '"Init":false,"Devices":[]',
    '"Privileged":false' => '"Privileged":false,"Privileged":true',
    '"Tty":false' => '"Tty":false,"Volumes":{"/v":{}}',
    '{"Image"' => '{"unknown":1,"Image"', '"}}' => '"}},"x":{}',
    '"Init":false}}' => '"Init":false}} ', '{"Image"' => ' {"Image"',
);

while (my ($from, $to) = splice @changes, 0, 2) {
    $from = '}' if $from eq '"}}';
    is(::create(::body($from, $to)), 403, "$from is $to");
}

is(::create(''), 403, 'no body');
is(::create('{' x 8193), 403, 'a long body');
is(::create(sub { my $b = ::body(); $::sent++ ? '' : $b }), 411,
    'a body of unknown length');
is(containers(), 0, 'nothing came to be');
--- error_log
the guard refused a call



=== TEST 4: no way leads past it
--- http_config eval: $::guarded . $::engine
--- config eval: $::ways
--- script
for ('/satisfied/containers/json', '/moved/containers/json',
     '/login', '/satisfied/containers/deep/json')
{
    is(http('GET', $_)->{status}, 403, $_);
}

# a mirror of the right call is not the right call

is(http('POST', "/inside/?name=pserver-$::job",
    { 'Content-Type' => 'application/json' }, ::body())->{status}, 204,
    'mirrored');
is(containers(), 0, 'nothing came to be');
--- error_log
the guard refused a call
