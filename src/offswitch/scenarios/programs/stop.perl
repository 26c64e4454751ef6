#!/usr/bin/env perl
# Shut down @what@: end its process, and return when it is gone.
use strict;
use warnings;
use File::Basename;

chdir dirname($0) or exit 1;
open(my $file, "<", "@pid@") or exit 1;
chomp(my $process = <$file>);
kill("TERM", $process);
for (1 .. 500) {
    exit 0 unless kill(0, $process);
    select(undef, undef, undef, 0.01);
}
exit 1;
