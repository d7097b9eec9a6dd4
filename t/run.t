#!/usr/bin/perl

# pserver-run and the create body of core/container against a real engine,
# without nginx: create, attach, start, feed, read, wait, inspect, remove.

use strict;
use warnings;

use lib "t/lib";

use JSON::PP;
use DockerEngine;
use Test::More;

use constant { RAN => 0, INPUT => 1, COMMAND => 2, OUTPUT => 3, LIMIT => 4 };
use constant MiB => 1048576;

my $engine = DockerEngine->new;

mkdir "build/run" if !-d "build/run";
system("\${CC:-cc} -D_GNU_SOURCE -Ingx_http_pserver_module -o build/run/body "
       . "t/run/body.c ngx_http_pserver_module/core/container.c "
       . "ngx_http_pserver_module/core/container_calls.c") == 0
    or die "body does not compile\n";

my $jobs = 0;


sub file {
    my ($name) = @_;
    open(my $f, "<:raw", $name) or die "$name: $!\n";
    local $/;
    return scalar <$f>;
}

sub operation {
    my ($name, $parameters, @files) = @_;

    return JSON::PP->new->canonical->utf8->encode({
        operation => $name, parameters => $parameters,
        files => [map { { id => "$_", path => "data/$_.json",
                          mime => "application/json" } } @files] });
}

sub body {
    my ($name, %o) = @_;

    my @args = ($name, $o{image} || $engine->image($name),
                $o{memory} || 64 * MiB, $o{work} || 16 * MiB,
                $o{pids} || 16, $o{job} || "job" . ++$jobs);

    push @args, $ENV{PSERVER_RUNTIME} if $ENV{PSERVER_RUNTIME};

    open(my $f, "-|", "build/run/body", @args) or die "body: $!\n";

    my $body = do { local $/; <$f> };

    if ($o{poke}) {
        my ($from, $to) = @{$o{poke}};
        $body =~ s/\Q$from\E/$to/ or die "no $from in the body\n";
    }

    return $body;
}

# the whole way; the container is gone afterwards whatever happens

sub run {
    my ($name, %o) = @_;
    my %r;

    my ($status, $text, $json)
        = $engine->call("POST", "/containers/create", body($name, %o));

    is($status, 201, "$name: created") or return { error => $text };

    my $id = $json->{Id};

    eval {
        my $s;
        $s = $engine->attach($id) if !$o{late};

        ($status, $text) = $engine->call("POST", "/containers/$id/start");
        is($status, 204, "$name: started") or die "$text\n";

        # one that waited for its job before somebody attached
        if ($o{late}) {
            select undef, undef, undef, 0.3;
            $s = $engine->attach($id);
        }

        $o{started}->($id) if $o{started};

        my ($out, $err) = DockerEngine::talk($s,
            defined $o{raw} ? $o{raw}
            : DockerEngine::input($o{limit} || 8 * MiB, $o{tar}
                || DockerEngine::archive(@{$o{files}})));

        %r = (%{DockerEngine::output($out)}, stderr => $err,
              stdout => $out);

        (undef, undef, $json) = $engine->call("POST",
                                              "/containers/$id/wait");
        $r{exit} = $json->{StatusCode};

        (undef, $text, $json) = $engine->call("GET", "/containers/$id/json");
        $r{state} = $json->{State};
        $r{mounts} = $json->{Mounts};
        $r{inspect} = $json;
        1;
    } or $r{error} = $@;

    ($status) = $engine->call("DELETE", "/containers/$id?force=1&v=1");
    is($status, 204, "$name: removed");

    return \%r;
}


my $export = file("docker/examples/export.json");


# what an owner and an app get

{
    my $r = run("word_count", files => [
        "data/17.json" => $export,
        "operation.json" => operation("word_count", {}, 17)]);

    is($r->{outcome}, RAN, "word_count: ran");
    is($r->{exit}, 0, "word_count: exit status");
    is($r->{stderr}, "", "word_count: says nothing");
    is($r->{files}{"result.json"},
       file("docker/examples/word_count.expected.json"),
       "word_count: the result");
    is_deeply($r->{names}, ["by_month.csv", "result.json"],
              "word_count: the files");
    like($r->{files}{"by_month.csv"},
         qr/\Amonth,messages,words\r\n2024-01,142,2501\r\n/,
         "word_count: the artifact");
    is_deeply($r->{mounts}, [], "word_count: no volume");

    my $h = $r->{inspect}{HostConfig};

    is($h->{NetworkMode}, "none", "hardened: network");
    is($h->{ReadonlyRootfs}, JSON::PP::true, "hardened: root");
    is_deeply($h->{CapDrop}, ["ALL"], "hardened: capabilities");
    is($h->{SecurityOpt}[0], "no-new-privileges", "hardened: privileges");
    like($h->{SecurityOpt}[1], qr/\Aseccomp=\{"defaultAction":"SCMP_ACT_ERRNO"/,
         "hardened: system calls");
    is($h->{MemorySwap}, $h->{Memory}, "hardened: no swap");
    is($h->{LogConfig}{Type}, "none", "hardened: no log");
}

{
    my $r = run("search", late => 1, files => [
        "data/17.json" => $export,
        "operation.json" => operation("search", decode_json(
            file("docker/examples/search.parameters.json")), 17)]);

    is($r->{outcome}, RAN, "search, attached late: ran");
    is($r->{files}{"result.json"},
       file("docker/examples/search.expected.json"), "search: the result");
}

{
    my $r = run("search", files => [
        "operation.json" => operation("search", { terms => [] })]);

    is($r->{outcome}, RAN, "search without terms: ran");
    is($r->{exit}, 2, "search without terms: exit status");
    is($r->{stderr}, "terms are 1 to 16 texts\n",
       "search without terms: why");
}


# what a command sees

{
    my $in = operation("echo", { a => [1, "\x{e9}"] });
    my $r = run("test_echo", files => ["operation.json" => $in]);
    my $seen = eval { decode_json($r->{files}{"result.json"}) };

    is_deeply($seen, {
        uid => 65534, gid => 65534, pid => "other", stdin => -1,
        NoNewPrivs => 1, Seccomp => 2, CapPrm => "0" x 16,
        CapBnd => "0" x 16,
        env => ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/job",
                "TMPDIR=/job/tmp", "LANG=C.UTF-8"],
        input => decode_json($in) }, "echo: user, environment, input");
    is_deeply($r->{names}, ["more/a.txt", "more/deep/b.txt", "more.txt",
                            "result.json"], "echo: sorted, deep");
    is($r->{files}{"more/deep/b.txt"}, "b\n", "echo: a deep file");
}


# what it can't do

{
    my $r = run("test_attack", pids => 8, files => []);
    my $did = eval { decode_json($r->{files}{"result.json"}) };

    is_deeply($did, { mem => 0, stdout => 0, environ => 0, ptrace => 0,
                      kill => 0, root => 0, setuid => 0, exec => 0,
                      inet => 0, route => 0 }, "attack: nothing went through")
        or diag($r->{files}{"result.json"}, $r->{error});
    is($r->{exit}, 0, "attack: pserver-run has outlived it");
    like($r->{files}{"late.txt"}, qr/\A(late\n)*l?a?t?e?\z/,
         "attack: what it left running is gone");
}


# how it ends badly

{
    my $r = run("test_exit", files => []);

    is($r->{outcome}, RAN, "exit: ran");
    is($r->{status}, 3, "exit: status");
    is($r->{exit}, 3, "exit: the container's");
    is_deeply($r->{names}, [], "exit: no file comes out");
    is($r->{stderr}, "out of exit\nerr of exit\n", "exit: what it said");
}

{
    my $r = run("test_flood", limit => 4 * MiB, files => []);

    is($r->{outcome}, LIMIT, "flood: over the limit");
    is(length $r->{stdout}, 24, "flood: no file comes out");
    is(length $r->{stderr}, 65536, "flood: talk is cut off");
    is($r->{exit}, 125, "flood: exit status");
}

{
    my $r = run("test_oom", memory => 32 * MiB, work => 8 * MiB,
                files => []);

    is($r->{state}{OOMKilled}, JSON::PP::true, "oom: the engine says so");
    is($r->{exit}, 137, "oom: exit status");
    is($r->{status}, 137, "oom: pserver-run has outlived it");
}

{
    my $r = run("test_badout", files => []);

    is($r->{outcome}, OUTPUT, "badout: a symbolic link");
    is(length $r->{stdout}, 24, "badout: no file comes out");
}

{
    my $r = run("test_unread", files => []);

    is($r->{outcome}, OUTPUT, "unread: a file that can't be read");
    is($r->{status}, 13, "unread: EACCES");
}

for (["/nothing", 2, "ENOENT"], ["/job/in/program", 13, "EACCES: noexec"]) {
    my ($command, $errno, $what) = @$_;
    my $r = run("test_echo", poke => ["/operation", $command],
                files => ["program" => "#!/operation\n"]);

    is($r->{outcome}, COMMAND, "command $command: not started");
    is($r->{status}, $errno, "command $command: $what");
    is($r->{exit}, 125, "command $command: exit status");
}

# below another process 1 it does nothing at all

{
    my $r = run("test_echo", poke => ['"Init":false', '"Init":true'],
                files => []);

    is($r->{stdout}, "", "not process 1: says nothing");
    is($r->{exit}, 125, "not process 1: exit status");
}

# what the image brings along does not take effect, or shows

{
    my (undef, undef, $json) = $engine->call("POST", "/containers/create",
                                             body("test_volume"));
    my $id = $json->{Id};

    (undef, undef, $json) = $engine->call("GET", "/containers/$id/json");
    is_deeply([map { "$_->{Type} $_->{Destination}" } @{$json->{Mounts}}],
              ["volume /data"], "a volume of the image shows");

    my $volume = $json->{Mounts}[0]{Name};

    $engine->call("DELETE", "/containers/$id?force=1&v=1");

    my ($status) = $engine->call("GET", "/volumes/$volume");
    is($status, 404, "and goes with the container");
}

{
    my $r = run("test_chatter", files => [], started => sub {
        my ($id) = @_;

        if (fork() == 0) {
            select undef, undef, undef, 0.5;
            $engine->call("POST", "/containers/$id/kill");
            POSIX::_exit(0);
        }
    });

    is($r->{exit}, 137, "chatter: killed");
    is($r->{error}, "short head", "chatter: no result");
    is(length $r->{stderr}, 65536, "chatter: talk is cut off");
    wait;
}


# input that it refuses: nothing is run

my @bad = (
    ["magic", raw => "PSRV-IN2" . pack("Q> Q>", 1024, 1024) . "\0" x 1024],
    ["a short archive", tar => substr DockerEngine::archive("a" => "b"), 0, -512],
    ["bytes behind the archive", tar => DockerEngine::archive("a" => "b")
                                        . "\0" x 512],
    ["no archive", raw => DockerEngine::input(1024, "")],
    ["leads out", files => ["../out/result.json" => "{}"]],
    ["absolute", files => ["/job/out/result.json" => "{}"]],
    ["twice", files => ["a" => "1", "a" => "2"]],
    ["a file as a folder", files => ["a" => "1", "a/b" => "2"]],
    ["more than /job holds", work => MiB, files => ["a" => "1" x (2 * MiB)]],
);

for (@bad) {
    my ($what, @o) = @$_;
    my $r = run("test_echo", files => [], @o);

    is($r->{outcome}, INPUT, "input, $what: refused");
    is($r->{exit}, 125, "input, $what: exit status");
}

is(run("test_echo", raw => DockerEngine::input(1 << 20, "\0" x 1024))
   ->{exit}, 9, "an empty archive is one");

# the client goes away: the end of stdin ends a container that still waits

{
    my (undef, undef, $json) = $engine->call("POST", "/containers/create",
                                             body("test_echo"));
    my $id = $json->{Id};
    my $s = $engine->attach($id);

    $engine->call("POST", "/containers/$id/start");
    close $s;

    (undef, undef, $json) = $engine->call("POST", "/containers/$id/wait");
    is($json->{StatusCode}, 125, "nobody attached any more: ends");
    $engine->call("DELETE", "/containers/$id?force=1");
}

# the engine refuses in its own way

{
    my ($status, undef, $json) = $engine->call("POST", "/containers/create",
        body("none", image => "sha256:" . "0" x 64));

    is($status, 404, "no such image");
    like($json->{message}, qr/No such image/, "no such image: the message");
}

{
    my (undef, undef, $json) = $engine->call("GET", "/containers/json?all=1"
        . "&filters=%7B%22label%22%3A%5B%22org.pserver.instance%3Drun%22%5D%7D");

    is_deeply($json, [], "no container is left");
}

# no word of the owner's stays on the engine's disk

{
    my ($dir) = $engine->{sock} =~ m{(.*)/};

    ok(-d "$dir/data", "the engine's folder is here");

    my $look = "grep -rlaFf docker/examples/rare-words.txt";

    is(`$look docker/examples/export.json`, "docker/examples/export.json\n",
       "the words are found where they are");
    is(`$look '$dir'`, "",
       "nothing readable in the engine's folder");
}

# the example data is what its generator writes

{
    mkdir "build/run/examples";
    is(system("docker/examples/generate", "build/run/examples"), 0,
       "generate");

    for (qw(export.json rare-words.txt search.parameters.json
            search.expected.json word_count.expected.json))
    {
        ok(file("build/run/examples/$_") eq file("docker/examples/$_"),
           "generate: $_");
    }
}

done_testing();
