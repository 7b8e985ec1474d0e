"""SageMaker: jobs and endpoints as real programs.

``job_calls``, ``job_lists``        Create…, Stop… and List… of every kind of job
``job``                             what every kind of job shares
``processing``, ``processing_job``  CreateProcessingJob, and the run of one job
``training``, ``training_job``      CreateTrainingJob, and the run of one job
``training_input``                  the input of its program on each host
``training_output``                 the output of all hosts, as one archive
``job_tree``                        the /opt/ml of a job, before and after the run
``s3_transfers``                    transfers to and from S3, with the role's permissions
``job_program``                     the job's program, its log and its end
``job_events``                      the events of all kinds of job
``transform``                       CreateTransformJob: a package of its own
``endpoints``, ``endpoint``         CreateEndpoint and similar calls, and one endpoint
``variants``, ``fleet``             the plans of a configuration, and their servers
``model_container``                 a model's container as a server
``model_server``                    the server of a variant: watched and restarted
``invocations``                     InvokeEndpoint
``metrics``                         CloudWatch's metrics of invocations
``model_packages``                  the registry and its approvals
``rules``                           SageMaker's limits on names and values
"""
