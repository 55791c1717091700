/* Regions learned from servers, a few buckets at a time. */
#include "s3/s3_client.h"

static struct s3_region *find(struct s3 *s3, struct str bucket)
{
	for (size_t i = 0; i < S3_CLIENT_REGIONS; i++)
		if (s3->regions[i].region[0] != '\0' && str_is(bucket, s3->regions[i].bucket))
			return &s3->regions[i];
	return NULL;
}

void s3_region_of(struct s3 *s3, struct str bucket, char out[ENDPOINT_REGION_MAX + 1])
{
	mutex_lock(&s3->lock);
	const struct s3_region *learned = find(s3, bucket);
	const char *region = learned ? learned->region : s3->region;
	if (str_copy(str_of(region), out, ENDPOINT_REGION_MAX + 1))
		out[0] = '\0';
	mutex_unlock(&s3->lock);
}

bool s3_region_learn(struct s3 *s3, struct str bucket, struct str region)
{
	char present[ENDPOINT_REGION_MAX + 1];
	s3_region_of(s3, bucket, present);
	if (s3->region_pinned || !endpoint_region_ok(region) || str_is(region, present))
		return false;
	mutex_lock(&s3->lock);
	struct s3_region *slot = find(s3, bucket);
	if (!slot)
		slot = &s3->regions[s3->region_next++ % S3_CLIENT_REGIONS];
	bool stored = str_copy(bucket, slot->bucket, sizeof(slot->bucket)) == 0 &&
	              str_copy(region, slot->region, sizeof(slot->region)) == 0;
	if (!stored)
		slot->region[0] = '\0';
	mutex_unlock(&s3->lock);
	return stored;
}
