// Package retention answers which snapshots may be deleted: Plan decides without doing anything, Apply does what a plan says.
//
//	inventory, err := retention.List(ctx, cloud, "vol-0abc")
//	plan, err := retention.Plan(inventory, retention.Policy{Last: 3, Daily: 7, Weekly: 4})
//	fmt.Println(plan) // delete 2 of 16: every snapshot with the reason why it is kept or deleted
//	applied, err := retention.Apply(ctx, cloud, plan)
//
// # Usage
//
// Only snapshots that bear ebssnap.TagToken and were taken of the volumes that were named are ever considered; a name or a description counts for
// nothing. The snapshots of one token were taken at one instant, as one atomic set, and are kept or deleted together: they are a Point.
//
// Only a consistent point (every volume, completed, ebssnap.TagConsistency "frozen") satisfies a rule of the Policy. Unproven ones (torn,
// incomplete, failed) are kept apart: they take no place from a consistent one, and go only by Policy.Unproven. What is pending is kept.
//
// Nothing is deleted that is as new as the newest consistent point, or newer, whatever the policy says. So where nothing is consistent, nothing
// is deleted. The zero Policy deletes nothing.
//
// A plan is a value: print it, save it as JSON, have it approved. Apply looks at every point again before it deletes it, by its token, and leaves what
// has changed; and it deletes nothing if the newest consistent point is gone.
//
// # Privileges
//
// None here. For AWS: ec2:DescribeSnapshots, and for Apply ec2:DeleteSnapshot, best on the condition that the snapshot bears opskit:token.
//
// # Platforms
//
// All.
//
// # Testing
//
// Plan is a pure function. ebssnaptest.Cloud is a cloud in memory that Apply works on.
package retention
