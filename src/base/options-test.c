/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

int main(void)
{
	return 0;
}
