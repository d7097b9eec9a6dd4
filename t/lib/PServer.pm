package PServer;

# Test::Nginx for this project.  A suite is
#
#   use lib 't/lib';
#   use PServer;
#
#   run_tests();
#
#   __DATA__
#
#   === TEST 1: an app reads what its permission covers
#   --- request
#   GET /v1/data/demo.messages
#   --- more_headers eval
#   signed('app1', 'GET', '/v1/data/demo.messages', undef,
#          grantId => '' . permission('read'))
#   --- response_body_like: "scope":"demo.messages"
#
# and what differs from plain Test::Nginx:
#
#   - no plan is needed, and the blocks run in their order;
#   - a block without config, or http_config, has the standard one: config()
#     and http_config() of PServer::Config give it with changes.  nginx is
#     started anew only where a block's configuration is another one, or the
#     block looks at the log;
#   - the sections' filters (eval) run right before the block, so what one
#     block has seen can be used in the next: keep it in %V;
#   - "--- script" is Perl instead of a request, with the functions of
#     Test::More and PServer::Client;
#   - [alert], [emerg] and [crit] in the log fail each block, and also while
#     nginx quits; "--- alerts_expected" says that they belong to the test.
#
# PSERVER_WORKERS is the number of workers.  To be run by scripts/test, with
# one and with four; "# workers: 4" in a suite's head keeps it to that.

use Cwd ();

BEGIN {
    (my $root = Cwd::abs_path(__FILE__)) =~ s{/t/lib/PServer\.pm$}{};

    unshift @INC, "$root/build/test-nginx/usr/share/perl5", "$root/t/lib";

    my $dir = $ENV{PSERVER_TEST_DIR} ||= "$root/build/test";

    $ENV{PATH} .= ':/usr/sbin';

    # by its path, by which it starts another one of itself, too
    $ENV{TEST_NGINX_BINARY} ||= (grep { -x } map { "$_/nginx" }
        split /:/, $ENV{PATH})[0];

    $ENV{TEST_NGINX_PORT} = $ENV{PORT} || 19840;
    $ENV{TEST_NGINX_SERVROOT} = "$dir/servroot";
    $ENV{TEST_NGINX_LOAD_MODULES} = $ENV{PSERVER_MODULE}
        || "$root/build/ngx_http_pserver_module.so";
    $ENV{TEST_NGINX_FORCE_RESTART_ON_TEST} = 0;
}

use Test::Nginx::Socket -Base;

use Digest::MD5 ();

use PServer::Client;
use PServer::Config;
use PServer::World;

our %V;
our @EXPORT = (qw( %V ), @PServer::Client::EXPORT, @PServer::Config::EXPORT,
    @PServer::World::EXPORT);

# the text of an "eval" is run in the package of the filters

for my $name (grep { /^\w/ } @EXPORT) {
    no strict 'refs';
    *{"Test::Base::Filter::$name"} = \&{"PServer::$name"};
}

*Test::Base::Filter::V = \%V;


# set while a block runs whose alerts are expected
my $alarms_end;

my $alarming = qr/\[(?:alert|emerg|crit)\]/;


workers($ENV{PSERVER_WORKERS} || 1);
worker_connections(512);
master_on();
no_shuffle();
no_root_location();
log_level('info');
timeout(10);
filters_delay();
env_to_nginx('UBSAN_OPTIONS', 'LSAN_OPTIONS');
plan('no_plan');


# an nginx that only looks at its configuration, or refuses it, ends without
# freeing it: that is no leak

my $asan = defined $ENV{ASAN_OPTIONS} ? $ENV{ASAN_OPTIONS} : '';
my $no_leaks = "$asan:detect_leaks=0";


# what stops one suite is no reason to stop the others; and a configuration
# that is refused is said at once, not after half a minute of tries

{
    no warnings qw( redefine prototype );

    my $write = \&Test::Nginx::Util::write_config_file;

    *Test::Nginx::Util::write_config_file = sub ($$$) {
        my ($block) = @_;

        &$write(@_);
        return if defined $block->must_die;

        local $ENV{ASAN_OPTIONS} = $no_leaks;

        my $out = `$Test::Nginx::Util::NginxBinary -t -e stderr -p @{[
            server_root() ]}/ -c $Test::Nginx::Util::ConfFile 2>&1`;

        Test::More::BAIL_OUT($block->name . " - $out") if $?;
    };

    *Test::More::BAIL_OUT = sub {
        Test::More::fail("@_");
        exit 1;
    };
}


# nginx is started anew where this differs from the block before

my $restart = sub {
    my $block = shift;

    my @sections = qw( http_config main_config post_main_config user_files
        log_level error_log no_error_log grep_error_log must_die
        alerts_expected );

    my $text = join "\0", map { defined $block->$_ ? $block->$_ : '' }
        @sections;

    for (qw( error_log no_error_log grep_error_log must_die user_files )) {
        $text .= $block->name if defined $block->$_;
    }

    $block->set_value('config', $block->config . "\n        # "
        . Digest::MD5::md5_hex(Encode::encode_utf8($text)) . "\n");
};


# the text is run after nginx was started, before the (only) request

my $script = sub {
    my $block = shift;

    return if !defined $block->script;

    my $code = eval "package main; no strict; sub {\n"
        . "#line 1 \"script of " . $block->name . "\"\n"
        . $block->script . "\n}";
    my $error = $@;

    $V{'--script'} = sub {
        return Test::More::fail("the script does not compile: $error")
            if !$code;
        eval { $code->(); 1 } or Test::More::fail("the script died: $@");
    };

    $block->set_value('init', '$PServer::V{"--script"}->()');
    $block->set_value('request', 'GET /ping');
    $block->set_value('error_code', 204);
};


my $check_alerts = sub {
    my $block = shift;
    my $expected = defined $block->alerts_expected || defined $block->must_die;

    $alarms_end = $expected;

    # the log is also looked at, and kept, when nginx has quit
    $block->set_value('no_shutdown_error_log',
        [ $expected ? qr/^never$/ : $alarming ]);

    return if $expected;

    my $seen = $block->no_error_log;
    my @patterns = !defined $seen ? ()
        : ref $seen eq 'ARRAY' ? @$seen
        : ref $seen ? $seen
        : split /\n+/, $seen;

    $block->set_value('no_error_log', [ @patterns, $alarming ]);
};


add_block_preprocessor(sub {
    my $block = shift;

    $block->run_filters if !$block->is_filtered;

    $ENV{ASAN_OPTIONS} = defined $block->must_die ? $no_leaks : $asan;

    $block->set_value('config', config()) if !defined $block->config;
    $block->set_value('http_config', http_config())
        if !defined $block->http_config;

    $script->($block);
    $restart->($block);
    $check_alerts->($block);
});


# what one block wrote is not the next one's: kept in one file per suite

my $keep_log = sub {
    my $log = server_root() . '/logs/error.log';

    open my $in, '+<', $log or return '';
    local $/;
    my $text = <$in>;
    truncate $in, 0;
    close $in;

    (my $suite = $0) =~ s{^.*/|\.t$}{}g;
    my $kept = "$ENV{PSERVER_TEST_DIR}/log/$suite-" . workers() . '.error.log';

    open my $out, '>>', $kept or return $text;
    print $out $text;
    close $out;

    return $text;
};

add_test_cleanup_handler(sub { $keep_log->() });

my $check_shutdown = $Test::Nginx::Util::CheckShutdownErrorLog;

$Test::Nginx::Util::CheckShutdownErrorLog = sub {
    $check_shutdown->(@_);
    $keep_log->();
};


# at the end nginx has to quit by itself, with nothing left open

add_cleanup_handler(sub {
    my $file = server_root() . '/logs/nginx.pid';

    open my $in, '<', $file or return;
    chomp(my $pid = <$in>);
    close $in;

    kill QUIT => $pid;
    my $gone = wait_for { ! -e $file } 15;
    Test::More::ok($gone, 'nginx quits');

    my $text = $keep_log->();
    my @bad = $text =~ /^(.*$alarming.*)$/mg;

    @bad = () if $alarms_end;
    Test::More::is(join("\n", @bad), '', 'and nothing is wrong then');
});


1;
