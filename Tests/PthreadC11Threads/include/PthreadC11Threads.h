// Nothing to call: linking this target is what it is for. See PthreadC11Threads.c.
#pragma once
