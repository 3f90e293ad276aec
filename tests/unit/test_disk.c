/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of plugins/disk.c: what it takes for a partition where there is no /sys/block to ask.
 * All captured machines have one.
 */
#include <telmon/plugin.h>

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "../../plugins/disk.c"

/* The disks are in the order of the file, which is not always that of their numbers. */
static bool
is_partition(const char *name)
{
	static const char *const disks[] = { "sda",	"sdaa",	 "nvme0n10",  "nvme0n1",
					     "mmcblk0", "loop1", "cciss/c0d0" };
	struct state s = { .n = 0 };
	bool r;

	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		struct device *d = add_device(&s);

		ck_assert_ptr_nonnull(d);
		snprintf(d->name, sizeof(d->name), "%s", disks[i]);
		d->whole = true;
	}
	r = looks_like_partition(&s, name);
	free(s.devices);
	return r;
}

START_TEST(partitions_stand_behind_their_disk)
{
	ck_assert(is_partition("sda1"));
	ck_assert(is_partition("sdaa15"));
	ck_assert(is_partition("nvme0n1p1"));
	ck_assert(is_partition("nvme0n10p1"));
	ck_assert(is_partition("mmcblk0p2"));
	ck_assert(is_partition("cciss/c0d0p1"));
}
END_TEST

START_TEST(disks_are_no_partitions_of_others)
{
	ck_assert(!is_partition("sda"));
	ck_assert(!is_partition("sdab"));
	ck_assert(!is_partition("sdb1"));
	ck_assert(!is_partition("nvme0n11"));
	ck_assert(!is_partition("nvme0n2"));
	ck_assert(!is_partition("mmcblk0boot0"));
	ck_assert(!is_partition("loop10"));
	ck_assert(!is_partition("loop1p"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("disk");
	TCase *c = tcase_create("fast");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, c);
	tcase_add_test(c, partitions_stand_behind_their_disk);
	tcase_add_test(c, disks_are_no_partitions_of_others);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
