package PServer::Config;

# The nginx configuration of the suites: that of the README, with the
# directives that a test changes.

use strict;
use warnings;

use Exporter qw( import );
use File::Path qw( make_path remove_tree );

use PServer::World;

our @EXPORT = qw( config http_config state_dir port guard );


my $state;


sub port { ($ENV{PORT} || 19840) + (shift || 0) }


# Store, log and keys of this suite, new when it starts.  They are apart from
# nginx's own folders, which each restart of nginx empties.

sub state_dir {
    return $state if $state;

    (my $suite = $0) =~ s{^.*/|\.t$}{}g;

    $state = test_dir() . "/state/$suite";
    remove_tree($state);
    make_path("$state/store", "$state/log");

    # the phrase of t/vectors/identity.json
    write_secret('identity', 'test ' x 11 . "junk\n");
    write_secret('root', '1 ' . '5a' x 32 . "\n");

    return $state;
}


sub write_secret {
    my ($name, $text) = @_;

    open my $out, '>', "$state/$name" or die "$state/$name: $!";
    chmod 0600, $out;
    print $out $text;
    close $out or die "$state/$name: $!";
}


sub engine_socket { $ENV{PSERVER_ENGINE} || test_dir() . '/engine/docker.sock' }


# With PSERVER_RUNTIME a whole suite runs its operations under that one, whose
# own threads count as the container's

sub processes {
    return $ENV{PSERVER_RUNTIME}
        ? (pids => 128, runtime => $ENV{PSERVER_RUNTIME}) : (pids => 32);
}


sub operation_lines {
    my $images = eval { images() } || {};
    my %p = processes();

    return map {
        "$_ image=$images->{$_} memory=64m cpus=1 timeout=20s"
            . join '', map { " $_=$p{$_}" } sort keys %p
    } sort keys %$images;
}


# [name, value, ...] of the server's directives, in the order of the README

sub directives {
    my $f = fixtures();
    my $c = $f->{chain}{contracts};

    return (
        [ pserver_origin => $f->{origin} ],
        [ pserver_owner => $f->{wallets}{owner1}{address},
            $f->{wallets}{owner2}{address} ],
        [ pserver_store => state_dir() . '/store' ],
        [ pserver_audit => state_dir() . '/log' ],
        [ pserver_chain => "/_chain/ id=$f->{chain}{chainId}" ],
        [ pserver_chain_stale => 0 ],    # blocks come with transactions
        [ pserver_contracts => join ' ',
            map { "$_=$c->{$_}" } qw( permissions grantees registry servers ) ],
        [ pserver_gateway => '/_ipfs/' ],
        [ pserver_engine => '/_engine/ jobs=8' ],
        [ pserver_operation => operation_lines() ],
    );
}


# The server's part.  Named directives get other values, several as an array,
# undef leaves it out, a name that is not among them is added:
#
#   config(pserver_chain_valid => '1s', pserver_operation => undef)
#
# The locations are always there, but for /api/v1/ without an operation;
# "more" is text that comes after them.

sub config {
    my %set = @_;
    my $more = delete $set{more} || '';
    my $compute = '';
    my @lines;

    for my $directive (directives()) {
        my ($name, @values) = @$directive;

        @values = list(delete $set{$name}) if exists $set{$name};

        $compute = 'location /api/v1/  { pserver compute; }'
            if $name eq 'pserver_operation' && @values;

        push @lines, map { "        $name $_;" } @values;
    }

    for my $name (sort keys %set) {
        push @lines, map { "        $name $_;" } list($set{$name});
    }

    # with PSERVER_GUARD a whole suite goes through the guard, which offers
    # what this server does

    $more .= guard() if $ENV{PSERVER_GUARD} && $compute;

    return join("\n", @lines) . "\n" . <<"END" . $more;

        location = /health { pserver data; }
        location /v1/      { pserver data; }
        $compute
        location /status   { pserver status; }

        location /_chain/ {
            internal;
            pserver_exchange;
            proxy_pass http://chain/;
        }

        location /_ipfs/ {
            internal;
            pserver_exchange;
            proxy_pass http://gateway/ipfs/;
        }

        location /_engine/ {
            internal;
            pserver_exchange;
            proxy_pass http://engine/;
        }

        location = /ping   { return 204; }
END
}


# A guard before the engine, on PORT+4: a part of a server

sub guard {
    my $listen = '127.0.0.1:' . port(4);
    my $engine = engine_socket();

    return <<"END";

        listen $listen;

        location /containers/ {
            pserver guard;
            proxy_pass http://unix:$engine:;
        }
END
}


sub list {
    my $value = shift;

    return !defined $value ? () : ref $value ? @$value : $value;
}


# The part of http{}: secrets, upstreams, and the gateway of the fixtures'
# grant files on PORT+6.  "chain", "gateway", "engine" give another address
# for the upstream: http_config(chain => '127.0.0.1:1')

sub http_config {
    my %set = @_;

    my $state = state_dir();
    my $files = test_dir();
    my ($chain, $gateway) = map { '127.0.0.1:' . port($_) } 5, 6;
    my $listen = $gateway;

    $chain = $set{chain} if $set{chain};
    $gateway = $set{gateway} if $set{gateway};

    my $engine = $set{engine}
        || ($ENV{PSERVER_GUARD} ? '127.0.0.1:' . port(4)
                                : 'unix:' . engine_socket());

    return <<"END" . ($set{more} || '');
    pserver_zone     pserver:4m;
    pserver_identity $state/identity;
    pserver_root     $state/root;
    pserver_audit_checkpoint 20ms;

    upstream chain   { server $chain; keepalive 8; }
    upstream gateway { server $gateway; keepalive 8; }
    upstream engine  { server $engine; keepalive 8; }

    server {
        listen $listen;

        location /ipfs/ {
            root $files;
            default_type application/octet-stream;
        }
    }
END
}


1;
