#!/usr/bin/perl

# What the documentation says against what the source has: each directive
# and variable is described, with its context, and no others; each example is
# a configuration that nginx takes; each link leads somewhere.
#
# An example is a block that begins with
#
#   ```nginx CONTEXT      main, http, server or location
#   ```nginx              a whole nginx.conf
#
# It is put into a configuration of everything a server needs, in place of
# the lines there that begin with the same directive, or open the same
# location.  Paths below /etc/pserver and /var/lib/pserver, certificates and
# the names of hosts are replaced by what is there for the test.

use strict;
use warnings;

use Cwd qw( getcwd );
use File::Path qw( make_path remove_tree );
use FindBin qw( $Bin );
use Test::More;

chdir "$Bin/.." or die $!;

my $root = getcwd();
my $dir = "$root/build/t-docs";
my $port = $ENV{PORT} || 19840;
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $module = $ENV{PSERVER_MODULE}
    || "$root/build/ngx_http_pserver_module.so";
my $source = 'ngx_http_pserver_module/http';

my $address = '0x' . '11' x 20;
my $image = 'sha256:' . '22' x 32;

# what an example is put into, by level

my %base = (
    main => [
        "load_module $module;",
        'thread_pool pserver threads=4;',
    ],
    http => [
        'pserver_zone pserver:1m;',
        'pserver_identity /etc/pserver/identity;',
        'pserver_root /etc/pserver/root;',
        'map $host $owner_of_host { default ""; }',
        'upstream chain { server 127.0.0.1:9; }',
        'upstream gateway { server 127.0.0.1:9; }',
        'upstream engine { server unix:/run/pserver/engine.sock; }',
    ],
    server => [
        "listen 127.0.0.1:$port;",
        'pserver_origin https://me.example.org;',
        "pserver_owner $address;",
        'pserver_store /var/lib/pserver;',
        'pserver_audit /var/lib/pserver/log;',
        'pserver_chain /_chain/ id=1480;',
        "pserver_contracts permissions=$address grantees=$address"
            . " registry=$address;",
        'pserver_gateway /_ipfs/;',
        'pserver_engine /_engine/;',
        "pserver_operation word_count image=$image;",
        'location /v1/ { pserver data; }',
        'location /api/v1/ { pserver compute; }',
        'location /log/ { pserver audit; }',
        'location /_chain/ { internal; pserver_exchange;'
            . ' proxy_pass http://chain/; }',
        'location /_ipfs/ { internal; pserver_exchange;'
            . ' proxy_pass http://gateway/ipfs/; }',
        'location /_engine/ { internal; pserver_exchange;'
            . ' proxy_pass http://engine/; }',
    ],
    location => [],
);


sub slurp {
    my ($name) = @_;

    open my $f, '<', $name or die "$name: $!";
    local $/;

    return scalar <$f>;
}


sub spew {
    my ($name, $text) = @_;

    open my $f, '>', $name or die "$name: $!";
    print $f $text;
    close $f or die "$name: $!";
}


# what the source has: name => contexts; names of variables

sub directives {
    my %contexts = (
        MAIN => ['http'], SRV => ['server'], LOC => ['location'],
        PSERVER_ANY => [qw( http server location )],
    );
    my %found;

    for my $file (glob "$source/*.c") {
        my $text = slurp($file);

        while ($text =~ /\{\s*ngx_string\("(pserver\w*)"\),\s*
                         ((?:NGX_\w+\s*\|?\s*)+),/gx)
        {
            my ($name, $flags) = ($1, $2);
            my @in = map { @{ $contexts{$_} } }
                grep { $flags =~ /\bNGX_HTTP_$_(?:_CONF)?\b/ }
                qw( PSERVER_ANY MAIN SRV LOC );

            $found{$name} = join ', ', @in if $flags =~ /_CONF|_ANY/ && @in;
        }
    }

    return \%found;
}


sub variables {
    my ($list) = slurp("$source/ngx_http_pserver_variables.c")
        =~ /ngx_http_variable_t\s+\w+\[\]\s*=\s*\{(.*?)\n\};/s;

    return { map { $_ => 1 } $list =~ /ngx_string\("(\w+)"\)/g };
}


# sections of docs/directives.md: heading => text

sub sections {
    my ($text) = @_;

    return $text =~ /^### (\S+)\n(.*?)(?=^##|\z)/gms;
}


sub examples {
    my ($text) = @_;
    my @found;

    while ($text =~ /^```nginx(?: (\w+))?\n(.*?)^```$/gms) {
        my $line = 1 + substr($text, 0, $-[0]) =~ tr/\n//;

        push @found, [$line, $1, $2];
    }

    return @found;
}


# the lines of an example that stand for a line of the base

sub heads {
    my ($text) = @_;

    return map { /^\s*(location|upstream)\s+(\S+)/ ? "$1 $2"
                 : /^\s*(\w+)/ ? $1 : () } split /\n/, $text;
}


sub level {
    my ($name, $context, $text) = @_;

    return map { "$_\n" } @{ $base{$name} } if $name ne $context;

    my %instead = map { $_ => 1 } heads($text);

    return (map { "$_\n" } grep { !$instead{ (heads($_))[0] } }
            @{ $base{$name} }), $text;
}


sub wrap {
    my ($context, $text) = @_;

    return $text if !defined $context;

    my %at = map { $_ => join('', level($_, $context, $text)) }
        qw( main http server location );

    return "$at{main}events { }\nhttp {\n$at{http}server {\n$at{server}"
        . "location /example/ {\n$at{location}}\n}\n}\n";
}


sub localize {
    my ($text) = @_;

    $text =~ s{^(?:pid|error_log)\s.*}{}mg;
    $text =~ s{^load_module\s.*}{load_module $module;}m;
    $text =~ s{/etc/nginx/pserver\.conf}{$root/conf/pserver.conf}g;
    $text =~ s{/(?=(?:etc/pserver|var/lib/pserver|var/log/nginx)\b)}{$dir/}g;
    1 while $text =~ s{^(?!\s*pserver_https\b)(.*?)\b(?:[\w-]+\.)+example\.org\b}
                      {${1}127.0.0.1}m;
    $text =~ s{/run/pserver-guard/}{$dir/}g;
    $text =~ s{0x(?:…|\.\.\.)}{$address}g;
    $text =~ s{sha256:(?:…|\.\.\.)}{$image}g;

    return $text;
}


# undef where nginx takes it, else what it says

sub refused {
    my ($text) = @_;

    my $globals = "pid $dir/nginx.pid; error_log stderr;";

    spew("$dir/nginx.conf", localize($text));

    my $out = `$nginx -t -p $dir -c $dir/nginx.conf -g '$globals' 2>&1`;

    return $? == 0 ? undef : $out;
}


sub prepare {
    remove_tree($dir);
    make_path(map { "$dir/$_" }
        qw( logs etc/pserver var/lib/pserver/log var/log/nginx ));

    umask 077;

    spew("$dir/etc/pserver/identity",
        'abandon ' x 11 . "about\n");
    spew("$dir/etc/pserver/root", '1 ' . '33' x 32 . "\n");
    spew("$dir/etc/pserver/owners", "# who is served\n$address\n");

    my $tls = "$dir/etc/pserver/tls";

    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
        . " -nodes -subj /CN=me.example.org -days 2"
        . " -keyout $tls.key -out $tls.crt 2> /dev/null") == 0
        or die "openssl failed";
}


sub check_reference {
    my $directives = directives();
    my $variables = variables();
    my %sections = sections(slurp('docs/directives.md'));

    cmp_ok(scalar keys %$directives, '>', 10, 'the source has directives');

    for my $name (sort keys %$directives) {
        my $text = delete $sections{$name};

        ok(defined $text, "$name is described") or next;
        like($text, qr/^- \*\*Syntax:\*\* `$name\b/m, "$name: syntax");
        like($text, qr/^- \*\*Default:\*\* \S/m, "$name: default");

        my ($in) = $text =~ /^- \*\*Context:\*\* (.*)/m;

        is($in, $directives->{$name}, "$name: context");
        ok((grep { $_->[2] =~ /^\s*(?:\S.*[{;]\s*)?$name\b/m }
            examples($text)), "$name: an example");
    }

    for my $name (sort keys %$variables) {
        ok(defined delete $sections{"\$$name"}, "\$$name is described");
    }

    is(join(' ', sort keys %sections), '', 'nothing else is described');
}


sub check_examples {
    my ($n, $one) = (0);

    for my $file ('README.md', glob 'docs/*.md') {
        for my $example (examples(slurp($file))) {
            my ($line, $context, $text) = @$example;

            is(refused(wrap($context, $text)), undef, "$file:$line");
            $n++;
        }
    }

    cmp_ok($n, '>', 20, 'there are examples');

    for my $file (glob 'conf/examples/*.conf') {
        is(refused(slurp($file)), undef, $file);
    }

    # that a fault shows, and why

    like(refused(wrap('server', "pserver_chain /_nowhere/ id=1;\n")),
        qr{"pserver_chain" names "/_nowhere/"}, 'a wrong example fails');
    like(refused(wrap('server', "pserver_such off;\n")),
        qr/unknown directive "pserver_such"/, 'a wrong name fails');
}


sub anchors {
    my ($text) = @_;

    return map {
        my $anchor = lc;
        $anchor =~ s/[^\w\s-]//g;
        $anchor =~ s/ /-/g;
        $anchor => 1;
    } $text =~ /^#+ (.*)$/gm;
}


sub check_links {
    my $n = 0;

    for my $file ('README.md', 'contracts/README.md', glob 'docs/*.md') {
        my $text = slurp($file);
        my ($folder) = $file =~ m{^(.*/)};

        while ($text =~ /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g) {
            my ($path, $anchor) = ($1, $2);
            my $target = $path eq '' ? $file : ($folder // '') . $path;

            $n++;
            ok(-e $target, "$file: $target") or next;

            my %there = defined $anchor ? anchors(slurp($target)) : ();

            ok(!defined $anchor || $there{$anchor},
                "$file: $target#" . ($anchor // ''));
        }
    }

    cmp_ok($n, '>', 5, 'there are links');
}


prepare();
check_reference();
check_examples();
check_links();
done_testing();
