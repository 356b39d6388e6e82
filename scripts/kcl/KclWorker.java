import java.io.FileOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.DescribeStreamSummaryRequest;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.StreamConfig;
import software.amazon.kinesis.common.StreamIdentifier;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.KinesisClientLibException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.FormerStreamsLeasesDeletionStrategy;
import software.amazon.kinesis.processor.MultiStreamTracker;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * One worker of the Java Kinesis Client Library, beside workers of Spaceship on one lease table. It writes each change of an item into a
 * file of its own, `key version milliseconds` on a line, by the clock that all processes of the machine share, and checkpoints after each batch.
 *
 * KclWorker KINESIS DYNAMODB FILE FAILOVER_MS TABLE STREAM WORKER single-stream|multi-stream
 */
public final class KclWorker {
  private static final Pattern ID = Pattern.compile("\"id\":\\{\"S\":\"([^\"]*)\"\\}");
  private static final Pattern VERSION = Pattern.compile("\"n\":\\{\"N\":\"(\\d+)\"\\}");

  public static void main(String[] args) throws Exception {
    URI kinesisUrl = URI.create(args[0]);
    URI dynamodbUrl = URI.create(args[1]);
    FileOutputStream effects = new FileOutputStream(args[2], true);
    long failover = Long.parseLong(args[3]);
    String table = args[4];
    String stream = args[5];
    String worker = args[6];
    boolean single = args[7].equals("single-stream");

    StaticCredentialsProvider credentials =
        StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));
    KinesisAsyncClient kinesis =
        KinesisAsyncClient.builder()
            .endpointOverride(kinesisUrl)
            .region(Region.US_EAST_1)
            .credentialsProvider(credentials)
            .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1))
            .build();
    DynamoDbAsyncClient dynamodb =
        DynamoDbAsyncClient.builder()
            .endpointOverride(dynamodbUrl)
            .region(Region.US_EAST_1)
            .credentialsProvider(credentials)
            .build();
    CloudWatchAsyncClient unused =
        CloudWatchAsyncClient.builder()
            .endpointOverride(dynamodbUrl)
            .region(Region.US_EAST_1)
            .credentialsProvider(credentials)
            .build();

    ConfigsBuilder configs =
        single
            ? new ConfigsBuilder(stream, table, kinesis, dynamodb, unused, worker, () -> new Writer(effects))
            : new ConfigsBuilder(
                tracker(kinesis, stream), table, kinesis, dynamodb, unused, worker, () -> new Writer(effects));
    InitialPositionInStreamExtended oldest =
        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    PollingConfig polling = single ? new PollingConfig(stream, kinesis) : new PollingConfig(kinesis);
    polling.idleTimeBetweenReadsInMillis(250);
    var retrieval = configs.retrievalConfig().retrievalSpecificConfig(polling);
    if (single) retrieval.initialPositionInStreamExtended(oldest);
    Scheduler scheduler =
        new Scheduler(
            configs.checkpointConfig(),
            asOfVersion2(configs.coordinatorConfig().parentShardPollIntervalMillis(1_000)),
            configs
                .leaseManagementConfig()
                .failoverTimeMillis(failover)
                .shardSyncIntervalMillis(2_000)
                .initialPositionInStream(oldest),
            configs.lifecycleConfig(),
            configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
            configs.processorConfig(),
            retrieval);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    scheduler.startGracefulShutdown().get(20, TimeUnit.SECONDS);
                  } catch (Exception failed) {
                    System.err.println("the worker did not stop: " + failed);
                  }
                }));
    scheduler.run();
  }

  /** KCL 3 writes only what 2.x knows in this phase; 2.x has no such option. */
  private static CoordinatorConfig asOfVersion2(CoordinatorConfig config) throws ReflectiveOperationException {
    for (Class<?> inner : CoordinatorConfig.class.getDeclaredClasses())
      if (inner.getSimpleName().equals("ClientVersionConfig"))
        for (Object phase : inner.getEnumConstants())
          if (phase.toString().equals("CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X_PHASE1")) {
            CoordinatorConfig.class.getMethod("clientVersionConfig", inner).invoke(config, phase);
            return config;
          }
    return config;
  }

  private static MultiStreamTracker tracker(KinesisAsyncClient kinesis, String stream) {
    StreamDescriptionSummary summary =
        kinesis
            .describeStreamSummary(DescribeStreamSummaryRequest.builder().streamName(stream).build())
            .join()
            .streamDescriptionSummary();
    String account = summary.streamARN().split(":")[4];
    long epoch = summary.streamCreationTimestamp().getEpochSecond();
    StreamConfig config =
        new StreamConfig(
            StreamIdentifier.multiStreamInstance(account + ":" + stream + ":" + epoch),
            InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON));
    return new MultiStreamTracker() {
      @Override
      public List<StreamConfig> streamConfigList() {
        return List.of(config);
      }

      @Override
      public FormerStreamsLeasesDeletionStrategy formerStreamsLeasesDeletionStrategy() {
        return new FormerStreamsLeasesDeletionStrategy.NoLeaseDeletionStrategy();
      }
    };
  }

  private static final class Writer implements ShardRecordProcessor {
    private final FileOutputStream effects;

    Writer(FileOutputStream effects) {
      this.effects = effects;
    }

    @Override
    public void initialize(InitializationInput input) {}

    @Override
    public void processRecords(ProcessRecordsInput input) {
      for (KinesisClientRecord record : input.records()) write(record.data());
      checkpoint(input.checkpointer());
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
      checkpoint(input.checkpointer());
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      checkpoint(input.checkpointer());
    }

    private void write(ByteBuffer data) {
      byte[] bytes = new byte[data.remaining()];
      data.get(bytes);
      String text = new String(bytes, StandardCharsets.UTF_8);
      int image = text.indexOf("\"NewImage\"");
      Matcher id = ID.matcher(text);
      Matcher version = VERSION.matcher(text);
      if (image < 0 || !id.find(image) || !version.find(image)) return;
      String line = id.group(1) + " " + version.group(1) + " " + System.nanoTime() / 1_000_000 + "\n";
      try {
        effects.write(line.getBytes(StandardCharsets.UTF_8));
      } catch (IOException failed) {
        throw new IllegalStateException("the effect was not written", failed);
      }
    }

    /** What KCL refuses it processes again, here or with the shard's next owner. */
    private void checkpoint(RecordProcessorCheckpointer checkpointer) {
      try {
        checkpointer.checkpoint();
      } catch (KinesisClientLibException refused) {
        System.err.println("no checkpoint: " + refused);
      }
    }
  }
}
